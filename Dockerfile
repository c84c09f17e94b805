# The image of Watershard: Node.js from the lock file, production dependencies, the compiled program; no shell, no package
# manager. For both platforms, on a machine of either kind: nothing of another platform is run while it is built.
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/watershard:0.1.0 --push .
# Elsewhere than on a public registry, name the base images: --build-arg BUILD_BASE=… --build-arg RUNTIME_BASE=…
# BUILD_BASE needs Node.js 20 or newer with npm, for the platform that builds; LIBRARY_BASE libatomic, and RUNTIME_BASE glibc,
# libstdc++ and CA certificates, for each platform that is built.
ARG BUILD_BASE=docker.io/library/node:24-bookworm
ARG LIBRARY_BASE=${BUILD_BASE}
ARG RUNTIME_BASE=gcr.io/distroless/cc-debian12:nonroot

FROM --platform=${BUILDPLATFORM} ${BUILD_BASE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tools/bootstrap.mjs tools/bootstrap.mjs
COPY tools/node-runtime tools/node-runtime
# A registry of your own, with its credentials: --secret id=npmrc,src=$HOME/.npmrc
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc node tools/bootstrap.mjs install
COPY tsconfig.json LICENSE README.md CHANGELOG.md ./
COPY bin bin
COPY workers workers
COPY src src
RUN node tools/bootstrap.mjs build
# Clients of vendors that exporters load where they are there: "all", or names like "@platformatic/kafka amqplib".
ARG VENDOR_CLIENTS=""
COPY tools/image tools/image
# Set by what builds: amd64 or arm64.
ARG TARGETARCH
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc node tools/image/production.mjs /out "${TARGETARCH}" ${VENDOR_CLIENTS}

# Of the platform that the image is for, and nothing but a file of it is used.
FROM ${LIBRARY_BASE} AS libraries

FROM ${RUNTIME_BASE}
ARG RUNTIME_BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Watershard" \
      org.opencontainers.image.description="Streams what happens in a Kubernetes cluster to NATS JetStream and Parquet, durably." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${RUNTIME_BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /out/root/ /
# The one library that this Node.js needs and that images with glibc and libstdc++ do not have.
COPY --from=libraries /usr/lib/*/libatomic.so.1 /usr/lib/
COPY --from=build --chown=10001:10001 /out/data/ /var/lib/watershard/
# glibc may have eight arenas a core, and each keeps what is freed in it (docs/decisions/0021-memory-of-a-snapshot.md).
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2
USER 10001:10001
WORKDIR /var/lib/watershard
EXPOSE 8081
# For docker; Kubernetes has probes of its own. Where ops.listen has another port, say so with OPS_PORT.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["/usr/local/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.OPS_PORT ?? 8081}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The young generation of each thread's heap: 16 MB, V8's own choice, makes nothing faster here (docs/performance.md).
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "/opt/watershard/bin/watershard.mjs"]
CMD ["run", "--config", "/etc/watershard/watershard.yaml"]
