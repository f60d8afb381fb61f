"""Stores of files that several machines share: a Redis that keeps nothing on disk, an S3 bucket (moto's server)."""

from __future__ import annotations

import dataclasses
import io

import boto3
import pytest
import redis
from moto.server import ThreadedMotoServer

from analysis.report import to_json
from tests.webapp.given import picture, report, send
from webapp.app import create_app
from webapp.storage.media_shared import BucketShelf, RedisShelf, open_media_store
from webapp.storage.media_store import MediaDown, MediaStore

BIG = bytes(range(256)) * 9000  # over two pieces


@pytest.fixture(scope="session")
def s3_server():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """An empty bucket, and the environment in which it is found."""
    for name, value in (
        ("AWS_ENDPOINT_URL", s3_server),
        ("AWS_ACCESS_KEY_ID", "someone"),
        ("AWS_SECRET_ACCESS_KEY", "something"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="media")
    for one in client.list_objects_v2(Bucket="media").get("Contents", []):
        client.delete_object(Bucket="media", Key=one["Key"])
    return client


@pytest.fixture(params=["redis", "s3"])
def shared_settings(request, settings):
    """Settings whose files lie on the one kind of shelf, then on the other."""
    if request.param == "redis":
        return dataclasses.replace(settings, media_url=settings.redis_url)
    request.getfixturevalue("bucket")
    return dataclasses.replace(settings, media_url="s3://media/waiting")


@pytest.fixture
def held(shared_settings, request):
    """How many files the shelf holds."""

    def count():
        if shared_settings.media_url.startswith("s3"):
            return request.getfixturevalue("bucket").list_objects_v2(Bucket="media").get("KeyCount", 0)
        with redis.Redis.from_url(shared_settings.media_url) as server:
            return len(server.keys("media:*"))

    return count


def kept(media, data=BIG):
    incoming = media.receive()
    incoming.write(data)
    return incoming.keep()


def test_what_one_machine_keeps_another_takes_once(shared_settings, held, tmp_path):
    web, worker = (
        open_media_store(dataclasses.replace(shared_settings, media_dir=tmp_path / name)) for name in ("web", "worker")
    )
    name = kept(web)
    assert held() == 1
    assert not list((tmp_path / "web").iterdir())
    with worker.take(name) as file:
        assert held() == 0  # gone before it is analyzed
        assert not list((tmp_path / "worker").iterdir())
        assert file.read() == BIG
    with pytest.raises(FileNotFoundError):
        worker.take(name)


def test_discarding_is_removing_and_may_be_done_twice(shared_settings, held):
    media = open_media_store(shared_settings)
    name = kept(media)
    media.discard(name)
    media.discard(name)
    assert held() == 0


@pytest.mark.parametrize("name", ["", "../secret", "a" * 31, "a" * 32 + "\n"])
def test_only_its_own_names_are_names(shared_settings, name):
    media = open_media_store(shared_settings)
    for door in (media.take, media.discard):
        with pytest.raises(FileNotFoundError):
            door(name)


def test_from_the_form_to_the_report_nothing_stays(shared_settings, held, app, monkeypatch):
    import worker

    site = create_app(shared_settings)
    doors = site.extensions["services"]
    monkeypatch.setattr(worker, "_services", lambda: doors)

    def analyze(file, settings, trust_anchors, send, *, analysis_id, **_options):
        assert file.read() == picture()
        send("r", to_json(report(id=analysis_id)))

    monkeypatch.setattr(worker, "_analyze", analyze)
    client = site.test_client()
    address = send(client, picture()).headers["Location"]
    assert held() == 1
    worker.run(address.rpartition("/")[2])
    assert held() == 0
    assert not list(shared_settings.media_dir.iterdir())
    assert client.get(f"{address}/report.json").json["error"] is None
    doors.close()


def test_files_in_redis_run_out_by_themselves(settings):
    media = open_media_store(dataclasses.replace(settings, media_url=settings.redis_url))
    name = kept(media)
    with redis.Redis.from_url(settings.redis_url) as server:
        longest_wait = settings.queue_limit * (settings.timeout + settings.fetch_seconds)
        assert server.ttl(f"media:{name}") >= longest_wait - 5


def test_a_bucket_is_swept_of_what_nobody_waits_for(settings, bucket):
    media = open_media_store(dataclasses.replace(settings, media_url="s3://media/waiting"))
    wanted, orphan = kept(media), kept(media)
    assert media.sweep({wanted}, older_than=3600) == 0
    assert media.sweep({wanted}, older_than=-3600) == 1
    with pytest.raises(FileNotFoundError):
        media.take(orphan)
    media.take(wanted).close()


def test_a_store_that_is_away_is_503_and_nothing_stays(settings, app, tmp_path):
    site = create_app(dataclasses.replace(settings, media_url=f"unix://{tmp_path}/nobody"))
    answer = send(site.test_client(), picture(), Accept="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "media_down")
    assert answer.headers["Retry-After"]
    assert not list(settings.media_dir.iterdir())
    assert site.extensions["services"].store.ping() == 0


def test_a_bucket_that_is_not_there_is_said(bucket, tmp_path):
    (tmp_path / "file").write_bytes(b"bytes")
    with pytest.raises(MediaDown):
        BucketShelf("s3://nowhere/at-all").put("a" * 32, tmp_path / "file")
    with pytest.raises(ValueError, match="cannot be written"):
        BucketShelf("s3://nowhere/at-all").check()
    BucketShelf("s3://media/waiting").check()


@pytest.mark.parametrize(
    ("setting", "value"), [("save", "60 1"), ("appendonly", "yes"), ("maxmemory-policy", "allkeys-lru")]
)
def test_a_redis_that_writes_to_disk_or_drops_files_is_refused(redis_url, setting, value):
    shelf = RedisShelf(redis_url, 60)
    shelf.check()
    with redis.Redis.from_url(redis_url) as server:
        usual = server.config_get(setting)[setting]
        server.config_set(setting, value)
        try:
            with pytest.raises(ValueError, match="this Redis"):
                shelf.check()
        finally:
            server.config_set(setting, usual)


def test_a_redis_says_how_much_fits(redis_url):
    shelf = RedisShelf(redis_url, 60)
    assert shelf.free() is None
    with redis.Redis.from_url(redis_url) as server:
        server.config_set("maxmemory", "50mb")
        try:
            assert 0 < shelf.free() < 50 << 20
        finally:
            server.config_set("maxmemory", "0")


def test_half_a_file_is_no_file(settings, monkeypatch, tmp_path):
    shelf = RedisShelf(settings.redis_url, 60)
    path = tmp_path / "file"
    path.write_bytes(BIG)
    expire = shelf._redis.expire
    calls = []

    def breaks(*given):
        calls.append(given)
        if len(calls) == 2:
            raise redis.ConnectionError
        return expire(*given)

    monkeypatch.setattr(shelf._redis, "expire", breaks)
    with pytest.raises(MediaDown):
        shelf.put("a" * 32, path)
    with pytest.raises(FileNotFoundError):
        shelf.fetch("a" * 32, io.BytesIO())
    with redis.Redis.from_url(settings.redis_url) as server:
        assert not server.keys("media:*")


def test_without_an_address_files_stay_on_this_machine(settings):
    assert type(open_media_store(settings)) is MediaStore
    with pytest.raises(ValueError, match="MEDIA_URL must begin with"):
        open_media_store(dataclasses.replace(settings, media_url="ftp://files.example/"))
