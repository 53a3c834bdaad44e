# keytrail as a container: Node, the built sidecar and its production packages; no shell, no package manager.
# Pin the base by digest where you build: --build-arg NODE_IMAGE=docker.io/library/node@sha256:…
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package's install script is run: the native parts come ready, for the platform that is built for.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

# What runs needs of the base: node, the shared libraries it and the store are linked against, and the authorities.
FROM ${NODE_IMAGE} AS base
COPY --from=packages /build/node_modules /build/node_modules
RUN set -eu; mkdir -p /runtime/data /runtime/tmp /runtime/etc/ssl/certs; \
    node=$(readlink -f "$(command -v node)"); \
    install -D "$node" /runtime/usr/local/bin/node; \
    { ldd "$node"; find /build/node_modules -name '*.node' -exec ldd {} ';' 2>/dev/null || true; } \
      | grep -oE '/[^ ]+\.so[^ ]*' | sort -u \
      | while read -r library; do install -D "$(readlink -f "$library")" "/runtime$library"; done; \
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt /runtime/etc/ssl/certs/; fi; \
    echo 'keytrail:x:65532:65532::/data:/sbin/nologin' > /runtime/etc/passwd; \
    echo 'keytrail:x:65532:' > /runtime/etc/group; \
    echo 'hosts: files dns' > /runtime/etc/nsswitch.conf; \
    chown 65532:65532 /runtime/data; chmod 700 /runtime/data; chmod 1777 /runtime/tmp

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="keytrail" \
      org.opencontainers.image.description="A reverse-proxy audit sidecar for key-management APIs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=base /runtime /
WORKDIR /app
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json README.md LICENSE CHANGELOG.md ./
COPY config config
ENV NODE_ENV=production KEYTRAIL_CONFIG=/app/config/deploy/container.yaml PATH=/usr/local/bin
USER 65532:65532
VOLUME /data
EXPOSE 8300 8400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s \
  CMD ["/usr/local/bin/node", "/app/dist/cli.js", "health"]
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/cli.js"]
CMD ["serve"]
