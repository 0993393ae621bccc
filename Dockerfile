# docker build -t asana_exporter .
# docker run --rm -p 10176:10176 asana_exporter --demo --web.listen-address=:10176

ARG GO_IMAGE=golang:1.26

# The compiler runs on the builder's own platform and compiles for the image's.
FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build
# Where modules come from, for networks with a proxy of their own.
ARG GOPROXY
ARG GOSUMDB
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build && deploy/packages/licenses.sh >THIRD-PARTY-LICENSES && mkdir -m 0700 /data

FROM scratch
LABEL org.opencontainers.image.title="asana_exporter" \
      org.opencontainers.image.description="Prometheus exporter for the events of an Asana workspace" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/LICENSE /src/THIRD-PARTY-LICENSES /
COPY --from=build /src/asana_exporter /asana_exporter
# A new volume takes over the owner and the mode of this folder. A folder of the host mounted here must belong to 65534.
COPY --from=build --chown=65534:65534 /data /data
# By number, so that Kubernetes can see that it is not root.
USER 65534:65534
# The state folder's default is `data`, relative: here that is /data, whatever arguments are given.
WORKDIR /
VOLUME /data
# The only folder to write to, also for --demo, which keeps its state among the temporary files.
ENV TMPDIR=/data
EXPOSE 10176
# It finds port and TLS in the arguments of process 1.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["/asana_exporter", "--healthcheck"]
ENTRYPOINT ["/asana_exporter"]
