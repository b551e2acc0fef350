package testutil_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

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

// Code that has its URLs fixed gets a client to which the fixtures are all hosts.
func ExampleClient() {
	TestList := func(t testing.TB) {
		client := testutil.Client(t, "examples/fixtures")
		res, err := client.Get("http://127.0.0.1:8080/v1/notes") // as recorded
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		fmt.Println(res.Status, res.Header.Get("X-Cache"))
	}
	runExample("TestList", TestList)
	// Output: 401 Unauthorized HIT
}

// A package that takes no client, but uses the default one, is given a transport.
func ExampleTransport() {
	TestList := func(t testing.TB) {
		before := http.DefaultTransport
		http.DefaultTransport = testutil.Transport(t, "examples/fixtures")
		t.Cleanup(func() { http.DefaultTransport = before })
		res, err := http.Get("http://127.0.0.1:8080/v1/notes")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		fmt.Println(res.Status)
	}
	runExample("TestList", TestList)
	// Output: 401 Unauthorized
}

// A client of gRPC dials as the Transport does, and trusts what it trusts.
func ExampleTransport_gRPC() {
	TestCall := func(t testing.TB) {
		through := testutil.Transport(t, "examples/fixtures")
		conn, err := grpc.NewClient("passthrough:///api.example.com:443", // passthrough: no name is looked up
			grpc.WithTransportCredentials(credentials.NewTLS(through.TLSClientConfig)),
			grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
				return through.DialContext(ctx, "tcp", address)
			}))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = pb.NewTestServiceClient(conn).EmptyCall(t.Context(), &pb.Empty{})
		fmt.Println(status.Code(err))
	}
	runExample("TestCall", TestCall)
	// Output:
	// FailedPrecondition
	// FAIL: POST /grpc.testing.TestService/EmptyCall was never recorded of the origin https://api.example.com in session "TestCall".
}

// runExample runs a test, and prints the first lines of what it fails with.
func runExample(name string, test func(t testing.TB)) {
	f := runFake(nil, name, func(f *fakeTest) { test(f) })
	for _, text := range f.errors {
		line, _, _ := strings.Cut(text, "\n")
		fmt.Println("FAIL:", line)
	}
}
