"""A client of a plain API, with nothing but the standard library."""

import gzip
import json
import os
import urllib.error
import urllib.request
import uuid

URL = os.environ["CANNERY_URL"]


def ask(method, path, body=None, **headers):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept-Encoding": "gzip", **headers}
    request = urllib.request.Request(URL + path, body, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            text = gzip.decompress(text)
        return answer, json.loads(text) if text else None


for page in 1, 2, 3:
    answer, notes = ask("GET", f"/notes?page={page}")
    assert len(notes) == 1 and ("next" in (answer.headers["Link"] or "")) == (page < 3)
assert ask("GET", "/notes/1")[1] == {"id": "1"}
try:
    ask("GET", "/notes/1", **{"If-None-Match": '"1"'})
    raise AssertionError("no 304")
except urllib.error.HTTPError as e:
    assert e.code == 304
try:
    ask("GET", "/notes/404")
    raise AssertionError("no 404")
except urllib.error.HTTPError as e:
    assert e.code == 404
answer, note = ask("POST", "/notes", b'{"text": "buy milk"}', **{"Content-Type": "application/json"})
assert answer.status == 201 and answer.headers["Location"] == "/notes/9"
packed = gzip.compress(b'{"text": "buy oats"}')
assert "oats" in ask("PUT", "/notes/9", packed, **{"Content-Type": "application/json", "Content-Encoding": "gzip"})[1]["text"]
assert ask("DELETE", "/notes/9")[0].status == 204
assert ask("GET", "/latest")[0].url == URL + "/notes/3"
boundary = uuid.uuid4().hex
part = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\nabc\r\n--{boundary}--\r\n'
upload = ask("POST", "/upload", part.encode(), **{"Content-Type": "multipart/form-data; boundary=" + boundary})
assert upload[1] == {"name": "a.bin", "size": 3}
