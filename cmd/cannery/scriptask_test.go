package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptAsk sends any request and prints how it was answered: status and
// X-Cache, then the content, of which cannery's explanation of a miss is printed
// as the log has it. A BODY of "@FILE" is a file's.
func scriptAsk(ts *testscript.TestScript, _ bool, args []string) {
	body := ""
	if len(args) > 2 {
		body = args[2]
	}
	if file, found := strings.CutPrefix(body, "@"); found {
		body = ts.ReadFile(file)
	}
	req, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	if body == "" {
		req.Body = http.NoBody
	}
	for _, field := range args[min(3, len(args)):] {
		name, value, _ := strings.Cut(field, ": ")
		req.Header.Add(name, value)
	}
	res, err := ts.Value(originKey{}).(*scriptOrigin).client.RoundTrip(req)
	ts.Check(err)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n", res.StatusCode, res.Header.Get("X-Cache"))
	var miss struct{ Explanation []string }
	if json.Unmarshal(content, &miss) == nil && miss.Explanation != nil {
		content = []byte(strings.Join(miss.Explanation, "\n"))
	}
	fmt.Fprintf(ts.Stdout(), "%s\n", content)
}
