# One file, four images: server, gateway, gateway-vision (with camera libraries) and simulators.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy
WORKDIR /src
# uv lives beside the product, so that the product's environment holds nothing but the product.
RUN python3 -m venv /uv && /uv/bin/pip install -q uv
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY orderlight orderlight
COPY gateway gateway
COPY server server
COPY simulators simulators

FROM build AS build-server
RUN python3 -m venv --without-pip /opt/orderlight \
    && /uv/bin/uv pip install -q --python /opt/orderlight -c requirements.lock ".[server,print,postgres]"

FROM build AS build-gateway
RUN python3 -m venv --without-pip /opt/orderlight \
    && /uv/bin/uv pip install -q --python /opt/orderlight -c requirements.lock ".[gateway]"

FROM build AS build-gateway-vision
RUN python3 -m venv --without-pip /opt/orderlight \
    && /uv/bin/uv pip install -q --python /opt/orderlight -c requirements.lock ".[gateway,vision]"

FROM build AS build-simulators
RUN python3 -m venv --without-pip /opt/orderlight \
    && /uv/bin/uv pip install -q --python /opt/orderlight -c requirements.lock ".[gateway,simulators,vision]"

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/orderlight/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The data folder exists with its owner before a volume is mounted there, so the volume takes that owner over.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/orderlight --shell /usr/sbin/nologin orderlight \
    && install -d -o orderlight -g orderlight /var/lib/orderlight
WORKDIR /var/lib/orderlight
USER 10001:10001

FROM base AS server
USER root
# Labels and papers as PDF are drawn with Pango; the fonts have Polish and Chinese letters.
RUN apt-get update -q && apt-get install -yq --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
COPY --from=build-server /opt/orderlight /opt/orderlight
EXPOSE 8000
ENTRYPOINT ["orderlight-server"]
CMD ["serve"]

FROM base AS gateway
# As in deploy/gateway/orderlight-gateway.service: its threads share the C library's memory.
ENV MALLOC_ARENA_MAX=1
COPY --from=build-gateway /opt/orderlight /opt/orderlight
ENTRYPOINT ["orderlight-gateway"]
CMD ["run", "--config", "/etc/orderlight/gateway.toml"]

FROM base AS gateway-vision
ENV MALLOC_ARENA_MAX=1
USER root
RUN apt-get update -q && apt-get install -yq --no-install-recommends libzbar0 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
COPY --from=build-gateway-vision /opt/orderlight /opt/orderlight
ENTRYPOINT ["orderlight-gateway"]
CMD ["run", "--config", "/etc/orderlight/gateway.toml"]

FROM base AS simulators
COPY --from=build-simulators /opt/orderlight /opt/orderlight
ENTRYPOINT ["orderlight-sim"]
CMD ["--help"]
