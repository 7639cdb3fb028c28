# One image for every process: the subcommand says which one it is.
#
#     docker build -t scalp-radar .
#     docker run --rm scalp-radar --help
#
# The program runs as nobody, writes only where SCALP_HOME or SCALP_STATE_DIR point, and needs neither a
# shell nor a package manager, so any base that has Node 24.12 or later will do: --build-arg NODE_IMAGE=…

ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS builder
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Scripts of packages never run.
RUN ["npm", "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"]
COPY . .
RUN ["node", "dashboard/build.js"]
RUN ["node", "build.js"]

FROM ${NODE_IMAGE}
WORKDIR /app
COPY --from=builder /build/package.json /build/LICENSE ./
COPY --from=builder /build/config ./config
COPY --from=builder /build/crds/scalpradar.io_livestrategies.yaml ./crds/
COPY --from=builder /build/dist ./dist
# What keeps an executor small; docs/benchmarks.md has the figures.
ENV NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=1 --max-old-space-size=400" MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/scalp/scalp.js"]
