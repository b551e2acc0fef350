package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/cannery/testutil/anyhost"
)

// scriptInternet begins to be every host: HTTP_PROXY and HTTPS_PROXY lead cannery there,
// and internet.pem signs for all. git.example.test has what lies in the directory git,
// all others say what was asked, and a word that is another one each time. With "gone" it
// ends, and nobody is led there any more.
func scriptInternet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) > 0 {
		ts.Value(originKey{}).(*scriptOrigin).internet.Close()
		ts.Setenv("HTTP_PROXY", "")
		ts.Setenv("HTTPS_PROXY", "")
		return
	}
	hosts := http.NewServeMux()
	hosts.Handle("git.example.test/", http.FileServer(http.Dir(ts.MkAbs("git"))))
	hosts.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s%s %q tls=%t %s\n", r.Method, r.Host, r.URL, body, r.TLS != nil, rand.Text())
	})
	internet, err := anyhost.New(hosts)
	ts.Check(err)
	ts.Defer(internet.Close)
	ts.Check(os.WriteFile(ts.MkAbs("internet.pem"), internet.CA, 0o600))
	ts.Setenv("HTTP_PROXY", internet.URL)
	ts.Setenv("HTTPS_PROXY", internet.URL)
	ts.Value(originKey{}).(*scriptOrigin).internet = internet
}

// goClient asks each URL, as programs in Go do that were not told of any proxy.
func goClient() {
	for _, url := range os.Args[1:] {
		res, err := http.Get(url)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if _, err := io.Copy(os.Stdout, res.Body); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		res.Body.Close()
	}
}
