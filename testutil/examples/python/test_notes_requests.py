"""The same tests as test_notes, with a client that uses requests."""

import unittest

import test_notes

try:
    import requests
except ImportError:
    requests = None


class Notes(test_notes.Notes):
    def ask(self, method, path, body=None):
        answer = requests.request(method, self.url + path, json=body, headers=self.headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@unittest.skipIf(requests is None, "requests is not installed (Debian: python3-requests)")
class RequestsTest(test_notes.NotesTest):
    client = Notes


if __name__ == "__main__":
    unittest.main()
