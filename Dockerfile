# syntax=docker/dockerfile:1
# One image for the web process and the workers; `command` in docker-compose.yml says which it is.
# Four stages: the browser's libraries, Python's libraries, the detector's backbone, and what runs (neither compiler,
# pip nor npm in it).

FROM node:24-bookworm-slim AS front
WORKDIR /app
COPY package.json package-lock.json ./
COPY static/vendor.mjs static/vendor.mjs
RUN npm ci --omit=dev --no-audit --no-fund

FROM python:3.11-slim-bookworm AS libraries
# EXTRAS=s3 adds what S3-compatible buckets need; TORCH=1 adds the CPU build of torch for the `deep` component
ARG EXTRAS=""
ARG TORCH=""
WORKDIR /build
COPY requirements.txt requirements-deep.txt requirements-s3.txt requirements-torch.txt ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && if [ "$EXTRAS" = s3 ]; then /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-s3.txt; fi \
 && if [ -n "$TORCH" ]; then \
      /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-deep.txt \
      && /venv/bin/pip install --no-cache-dir uv \
      && /venv/bin/uv pip install --no-cache --python /venv/bin/python --torch-backend cpu -r requirements-torch.txt \
      && /venv/bin/pip uninstall -y uv; \
    fi \
 && /venv/bin/pip uninstall -y pip

FROM python:3.11-slim-bookworm AS backbone
# brought by version and hash, built once; BACKBONE="" leaves it out, and the light network answers
ARG BACKBONE="clip_vit_b16 clip_vit_b16_224"
WORKDIR /app
COPY --from=libraries /venv /venv
COPY analysis analysis
RUN install -d var/networks \
 && if [ -n "$BACKBONE" ]; then \
      /venv/bin/python -m ensurepip \
      && /venv/bin/python -m analysis models pull $BACKBONE --folder var/networks; \
    fi

FROM python:3.11-slim-bookworm
RUN python -m pip uninstall -y pip setuptools wheel \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin detector \
 && install -d -o detector -g detector -m 0700 /data /keys
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/venv/bin:$PATH \
    DATA_DIR=/data HOST=0.0.0.0 LOG_FORMAT=json
WORKDIR /app
COPY --from=libraries /venv /venv
COPY LICENSE pyproject.toml package-lock.json worker.py ./
COPY analysis analysis
COPY webapp webapp
COPY templates templates
COPY static static
COPY extension extension
COPY docs/accuracy.md docs/accuracy.md
COPY docs/versions.json docs/versions.json
COPY --from=backbone /app/var/networks var/networks
COPY --from=front /app/static/vendor static/vendor
# compiled once here: the running container cannot write
RUN python -m compileall -q analysis webapp worker.py
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "webapp", "web"]
