# One image per service: docker build --target laptops-service -t laptops-service .
#
# Packages first, code last, so that a change of code installs nothing. Each image holds one service and the packages
# that this one needs, at the versions and hashes of the one lock. Any base with Python >= 3.11 will do:
# --build-arg BASE=python:3.13-alpine.
ARG BASE=python:3.13-slim

FROM ${BASE} AS installer
# pip stays outside: it installs into the environment, and does not travel with it.
RUN python -m venv --without-pip /opt/venv
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

FROM installer AS accounts-packages
COPY services/accounts/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS laptops-packages
COPY services/laptops/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS notifications-packages
COPY services/notifications/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS orders-packages
COPY services/orders/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS payments-packages
COPY services/payments/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS ports-packages
COPY services/ports/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS recommendations-packages
COPY services/recommendations/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS marketplace-packages
COPY services/marketplace/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS gateway-packages
COPY services/gateway/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM installer AS console-packages
COPY observability/console/requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --only-binary :all: --require-hashes -r /tmp/requirements.lock

# The code, compiled once: the file system of a running container is read-only.
FROM ${BASE} AS code
WORKDIR /app
COPY discovery discovery
COPY observability observability
COPY services services
# What was to be installed was, in another stage. The console is a part of the library that only one image has.
RUN find . \( -name pyproject.toml -o -name requirements.lock \) -delete && \
    python -m compileall -q -j 0 --invalidation-mode unchecked-hash . && mv observability/console .

FROM ${BASE} AS library
WORKDIR /app
# In a container only the container's own network reaches what listens everywhere.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 \
    MESH_HOST=0.0.0.0 MESH_DATA=/data
# The published base comes without compiled modules, and a health check would compile its own every few seconds.
RUN python -c "import asyncio, concurrent.futures, decimal, email.policy, http.client, http.cookies, logging.config, \
    mimetypes, sqlite3, ssl, tempfile, urllib.request, uuid, zoneinfo" && install -d -o 10001 -g 10001 /data
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
COPY --from=code /app/discovery discovery
COPY --from=code /app/observability observability
# At MESH_PORT, which each service sets below.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD ["python", "-m", "discovery.healthcheck"]

FROM library AS service
COPY --from=code /app/services/kit services/kit

FROM service AS accounts-service
COPY --from=accounts-packages /opt/venv /opt/venv
COPY --from=code /app/services/accounts services/accounts
VOLUME /data
ENV MESH_PORT=5004
EXPOSE 5004
CMD ["python", "-m", "services.accounts"]

FROM service AS laptops-service
COPY --from=laptops-packages /opt/venv /opt/venv
COPY --from=code /app/services/laptops services/laptops
VOLUME /data
ENV MESH_PORT=5000
EXPOSE 5000
CMD ["python", "-m", "services.laptops"]

FROM service AS notifications-service
COPY --from=notifications-packages /opt/venv /opt/venv
COPY --from=code /app/services/notifications services/notifications
VOLUME /data
ENV MESH_PORT=5007
EXPOSE 5007
CMD ["python", "-m", "services.notifications"]

FROM service AS orders-service
COPY --from=orders-packages /opt/venv /opt/venv
COPY --from=code /app/services/orders services/orders
VOLUME /data
ENV MESH_PORT=5006
EXPOSE 5006
CMD ["python", "-m", "services.orders"]

FROM service AS payments-service
COPY --from=payments-packages /opt/venv /opt/venv
COPY --from=code /app/services/payments services/payments
VOLUME /data
ENV MESH_PORT=5005
EXPOSE 5005
CMD ["python", "-m", "services.payments"]

FROM service AS ports-service
COPY --from=ports-packages /opt/venv /opt/venv
COPY --from=code /app/services/ports services/ports
VOLUME /data
ENV MESH_PORT=5001
EXPOSE 5001
CMD ["python", "-m", "services.ports"]

FROM service AS recommendations-service
COPY --from=recommendations-packages /opt/venv /opt/venv
COPY --from=code /app/services/recommendations services/recommendations
VOLUME /data
ENV MESH_PORT=5002
EXPOSE 5002
CMD ["python", "-m", "services.recommendations"]

FROM service AS marketplace-service
COPY --from=marketplace-packages /opt/venv /opt/venv
COPY --from=code /app/services/marketplace services/marketplace
VOLUME /data
ENV MESH_PORT=5003
EXPOSE 5003
CMD ["python", "-m", "services.marketplace"]

FROM service AS gateway-service
COPY --from=gateway-packages /opt/venv /opt/venv
COPY --from=code /app/services/gateway services/gateway
ENV MESH_PORT=8080
EXPOSE 8080
CMD ["python", "-m", "services.gateway"]

FROM library AS console-service
COPY --from=console-packages /opt/venv /opt/venv
COPY --from=code /app/console observability/console
VOLUME /data
ENV MESH_PORT=4318
EXPOSE 4318
CMD ["python", "-m", "observability.console"]
