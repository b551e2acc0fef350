// Command internet is every host that the clients of ../run.sh ask, until it is told to
// stop: an API with and without TLS, a registry of npm packages, one of Rust crates, and
// what lies in a directory at git.example.test.
//
//	internet -git DIR -ca FILE
//
// It prints the URL of the proxy that leads there, and writes the certificate that
// signs for all of it. Each answer of the API is another one: who gets the same again
// got a recording.
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"example.com/cannery/testutil/anyhost"
)

func main() {
	git := flag.String("git", "", "a directory of bare repositories")
	ca := flag.String("ca", "", "the file that the certificate is written to")
	flag.Parse()
	hosts := http.NewServeMux()
	hosts.Handle("git.example.test/", http.FileServer(http.Dir(*git)))
	hosts.Handle("npm.example.test/", http.HandlerFunc(npm))
	hosts.Handle("crates.example.test/", http.HandlerFunc(crates))
	hosts.HandleFunc("/", api)
	internet, err := anyhost.New(hosts)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*ca, internet.CA, 0o600); err != nil {
		log.Fatal(err)
	}
	fmt.Println(internet.URL)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	internet.Close()
}

func api(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"at": %q, "asked": "%s %s", "tls": %t, "length": %d, "once": %q}`+"\n", r.Host, r.Method, r.URL.Path, r.TLS != nil, len(body), rand.Text())
}
