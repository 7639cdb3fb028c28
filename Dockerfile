# One image for every process: the subcommand says which one it is.
#
#     docker build -t scalp-radar .
#     docker run --rm scalp-radar --help
#
# The program runs as nobody, writes only where SCALP_HOME or SCALP_STATE_DIR point, and needs neither a
# shell nor a package manager, so any base that has Node 24.12 or later will do: --build-arg BASE_IMAGE=…
#
# Where there is no network, the files are made first (`node dashboard/build.js && node build.js`) and put
# into a folder, and nothing is run: --build-arg FILES=context FOLDER
#
# The same files give the same layers: SOURCE_DATE_EPOCH with BuildKit (rewrite-timestamp=true), or
# --timestamp with buildah.

ARG BUILD_IMAGE=node:24-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
# The stage that has what the image carries: builder or context.
ARG FILES=builder

FROM ${BUILD_IMAGE} AS builder
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Scripts of packages never run.
RUN ["npm", "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"]
COPY . .
RUN ["node", "dashboard/build.js"]
RUN ["node", "build.js"]

FROM scratch AS context
COPY . /build/

FROM ${FILES} AS files

FROM ${BASE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="scalp-radar" \
      org.opencontainers.image.description="Live crypto strategies on Kubernetes that can be trusted with money." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
WORKDIR /app
COPY --from=files /build/package.json /build/LICENSE ./
COPY --from=files /build/config ./config
COPY --from=files /build/crds/scalpradar.io_livestrategies.yaml ./crds/
COPY --from=files /build/dist ./dist
# Where bases have their Node: the distroless one, then the usual places.
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
# What keeps an executor small; docs/benchmarks.md has the figures.
ENV NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=1 --max-old-space-size=400" MALLOC_ARENA_MAX=1
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/scalp/scalp.js"]
