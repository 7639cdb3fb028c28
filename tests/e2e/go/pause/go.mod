module scalpradar.io/tests/pause

go 1.26.0
