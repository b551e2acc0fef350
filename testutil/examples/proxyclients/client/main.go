// Command client asks the API as a program does that knows nothing of a proxy.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	show(http.Get("https://api.example.test/go"))
	show(http.Post("https://api.example.test/go", "application/json", strings.NewReader(`{"by": "go"}`)))
	show(http.Get("http://plain.example.test/go"))
}

func show(res *http.Response, err error) {
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		log.Fatal(err)
	}
}
