package testutil_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"example.com/cannery/testutil"
)

// A test asks for what is recorded in a directory of fixtures. To run here it is
// handed a t of its own; elsewhere it is a
//
//	func TestList(t *testing.T)
func ExampleStart() {
	TestList := func(t testing.TB) {
		api := testutil.Start(t, "examples/fixtures")
		res, err := api.Client().Get(api.URL + "/v1/notes")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		fmt.Println(res.Status, res.Header.Get("X-Cache"))
	}
	runExample("TestList", TestList)
	// Output: 401 Unauthorized HIT
}

// A request that is not recorded fails its test, and says what is.
func ExampleStart_miss() {
	TestTypo := func(t testing.TB) {
		api := testutil.Start(t, "examples/fixtures")
		res, err := api.Client().Get(api.URL + "/v1/note")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		fmt.Println(res.Status)
	}
	runExample("TestTypo", TestTypo)
	// Output:
	// 424 Failed Dependency
	// FAIL: GET /v1/note is not recorded in session "TestTypo": it differs from the nearest recording in the path.
}

// With CANNERY_RECORD=1 in the environment the test asks the origin, and keeps
// what it says for the next time.
func ExampleConfig() {
	TestList := func(t testing.TB) {
		api := testutil.Config{
			Dir:    "examples/fixtures",
			Origin: os.Getenv("NOTES_URL"), // in most tests, a constant
		}.Start(t)
		res, err := api.Client().Get(api.URL + "/v1/notes")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		fmt.Println(res.Status)
	}
	runExample("TestList", TestList)
	// Output: 401 Unauthorized
}

// Subtests that run in parallel see states of the origin of their own.
func ExampleServer_Session() {
	TestNotes := func(t testing.TB) {
		api := testutil.Start(t, "examples/fixtures")
		for _, user := range []string{"ada", "grace"} {
			runExample("TestNotes/"+user, func(t testing.TB) { // t.Run, with t.Parallel() in it
				mine := api.Session(t)
				res, err := mine.Client().Get(mine.URL + "/v1/notes")
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				fmt.Println(user, res.Status)
			})
		}
	}
	runExample("TestNotes", TestNotes)
	// Output:
	// ada 401 Unauthorized
	// grace 401 Unauthorized
}

// runExample runs a test, and prints the first lines of what it fails with.
func runExample(name string, test func(t testing.TB)) {
	f := runFake(nil, name, func(f *fakeTest) { test(f) })
	for _, text := range f.errors {
		line, _, _ := strings.Cut(text, "\n")
		fmt.Println("FAIL:", line)
	}
}
