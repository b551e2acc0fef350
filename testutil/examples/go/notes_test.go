// Package notes_test tests a client of the notes API against recordings, with
// nothing but go test.
package notes_test

import (
	"fmt"
	"testing"

	"example.com/cannery/testutil"
	"example.com/cannery/testutil/examples/notes"
)

// login returns a client in a session of the test's own.
func login(t *testing.T, api *testutil.Server) *notes.Client {
	t.Helper()
	c := &notes.Client{URL: api.URL, HTTP: api.Client()}
	if err := c.Login(t.Context(), "ada", notes.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestANewNoteIsInTheList(t *testing.T) {
	t.Parallel()
	c := login(t, testutil.Start(t, "../fixtures"))
	note, err := c.Create(t.Context(), "buy milk")
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.List(t.Context())
	if err != nil || len(all) != 1 || all[0] != note {
		t.Errorf("got %v, %v, want the new note", all, err)
	}
}

func TestNotesComeAndGo(t *testing.T) {
	t.Parallel()
	api := testutil.Start(t, "../fixtures")
	for i := range 50 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := login(t, api.Session(t))
			want := func(n int) {
				t.Helper()
				all, err := c.List(t.Context())
				if err != nil || len(all) != n {
					t.Fatalf("got %v, %v, want %d notes", all, err, n)
				}
			}
			want(0)
			note, err := c.Create(t.Context(), "buy milk")
			if err != nil {
				t.Fatal(err)
			}
			want(1)
			if note, err = c.Await(t.Context(), note.ID); err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(t.Context(), note.ID); err != nil {
				t.Fatal(err)
			}
			want(0)
		})
	}
}

func TestNobodySeesNotesWithoutALogin(t *testing.T) {
	t.Parallel()
	api := testutil.Start(t, "../fixtures")
	c := &notes.Client{URL: api.URL, HTTP: api.Client()}
	if all, err := c.List(t.Context()); err == nil {
		t.Errorf("got %v", all)
	}
}
