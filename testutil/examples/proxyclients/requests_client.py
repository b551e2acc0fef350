# requests, with and without a session.
import sys

import requests

sys.stdout.write(requests.get("https://api.example.test/requests").text)
with requests.Session() as session:
    sys.stdout.write(session.post("https://api.example.test/requests", json={"by": "requests"}).text)
    sys.stdout.write(session.get("http://plain.example.test/requests").text)
