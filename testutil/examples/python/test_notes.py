"""The notes API, tested against recordings:

    cannery run --offline --fixtures fixtures -- python3 -m unittest discover python
"""

import json
import os
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

PASSWORD = "correct horse battery staple"


class Notes:
    """A client of the API: the code under test."""

    def __init__(self, url):
        self.url = url
        self.headers = {"Content-Type": "application/json"}

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, self.headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                raise IOError(f"{refused.code} {refused.read().decode()}") from None
        return json.loads(text) if text else None

    def login(self, user, password):
        token = self.ask("POST", "/v1/login", {"user": user, "password": password})["token"]
        self.headers["Authorization"] = "Bearer " + token

    def create(self, text):
        return self.ask("POST", "/v1/notes", {"text": text})

    def list(self):
        return self.ask("GET", "/v1/notes")

    def wait(self, id):
        while (note := self.ask("GET", f"/v1/notes/{id}"))["state"] != "ready":
            pass
        return note

    def delete(self, id):
        self.ask("DELETE", f"/v1/notes/{id}")


class NotesTest(unittest.TestCase):
    client = Notes

    def notes(self, name=""):
        """Returns a client in a session of this test's own."""
        session = self.id() + name
        notes = self.client(f"{os.environ['CANNERY_URL']}/__cannery/session/{session}")
        notes.login("ada", PASSWORD)
        return notes

    def test_a_new_note_is_in_the_list(self):
        notes = self.notes()
        self.assertEqual([], notes.list())
        note = notes.create("buy milk")
        self.assertEqual([note], notes.list())

    def test_a_note_becomes_ready(self):
        notes = self.notes()
        note = notes.create("buy milk")
        self.assertEqual("pending", note["state"])
        self.assertEqual("ready", notes.wait(note["id"])["state"])

    def test_a_deleted_note_is_gone(self):
        notes = self.notes()
        notes.delete(notes.create("buy milk")["id"])
        self.assertEqual([], notes.list())

    def test_many_at_once(self):
        def flow(number):
            notes = self.notes(f"-{number}")
            before = notes.list()
            note = notes.create("buy milk")
            between = notes.list()
            notes.wait(note["id"])
            notes.delete(note["id"])
            return len(before), len(between), len(notes.list())

        with ThreadPoolExecutor(10) as pool:
            self.assertEqual([(0, 1, 0)] * 10, list(pool.map(flow, range(10))))

    def test_nobody_sees_notes_without_a_login(self):
        with self.assertRaisesRegex(IOError, "401"):
            self.client(f"{os.environ['CANNERY_URL']}/__cannery/session/{self.id()}").list()


if __name__ == "__main__":
    unittest.main()
