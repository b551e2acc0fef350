# Python's own client.
import sys
from urllib.request import urlopen


def show(url, data=None):
    with urlopen(url, data) as response:
        sys.stdout.write(response.read().decode())


show("https://api.example.test/urllib")
show("https://api.example.test/urllib", b'{"by": "urllib"}')
show("http://plain.example.test/urllib")
