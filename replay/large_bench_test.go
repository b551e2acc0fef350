package replay_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// numbered returns a text of so many bytes made of a piece with a running number.
func numbered(size int, piece string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, piece, i)
	}
	return b.String()
}

// BenchmarkLargeMiss measures misses of 8 MB offline, of content that is recorded
// but for one byte and of content that nothing is near to, beside those of 80 kB.
func BenchmarkLargeMiss(b *testing.B) {
	const js, form = "application/json", "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, kind string
		body       func(size int) string
	}{
		{"binary", "application/octet-stream", noise},
		{"base64", "text/plain", func(n int) string { return base64.StdEncoding.EncodeToString([]byte(noise(n / 4 * 3))) }},
		{"JSON", js, func(n int) string { return "[0" + numbered(n, `,{"id":%d,"at":"2024-01-02T03:04:05Z"}`) + "]" }},
		{"deepJSON", js, func(n int) string {
			return "[0" + strings.Repeat(","+strings.Repeat("[", 400)+"1"+strings.Repeat("]", 400), n/802) + "]"
		}},
		{"NDJSON", "application/x-ndjson", func(n int) string { return numbered(n, `{"id":%d,"tags":["a","b"]}`+"\n") }},
		{"XML", "application/xml", func(n int) string {
			return "<doc>" + numbered(n, "<item id=\"%d\"><name>item</name></item>\n") + "</doc>"
		}},
		{"form", form, func(n int) string { return "a=1" + numbered(n, "&field%d=some+value") }},
		{"formBinary", form, noise},
		{"multipart", "multipart/form-data; boundary=B", func(n int) string {
			return "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n" + noise(n) + "\r\n--B--\r\n"
		}},
		{"gzip", js, func(n int) string { return string(gzipped(b, "[0"+numbered(n, `,{"id":%d,"name":"item"}`)+"]")) }},
		{"lines", "text/plain", func(n int) string { return strings.Repeat("ab cd\n", n/6) }},
	} {
		pairs := []string{"Content-Type", c.kind}
		if c.name == "gzip" {
			pairs = append(pairs, "Content-Encoding", "gzip")
		}
		for _, size := range []struct {
			name string
			n    int
		}{{"80kB", 80_000}, {"8MB", 8_000_000}} {
			recorded := c.body(size.n)
			asked := recorded[:len(recorded)-20] + "9" + recorded[len(recorded)-19:]
			store := imported(b, fixtures.Rules{}, recordedAs("POST /big", recorded, pairs...))
			p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
			for name, request := range map[string]string{"near": "POST /big", "absent": "POST /nowhere/near/to/it"} {
				b.Run(c.name+"/"+size.name+"/"+name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if res, told := send(b, p, request, asked, pairs...); res.StatusCode != http.StatusFailedDependency {
							b.Fatal(res.Status, told)
						}
					}
				})
			}
		}
	}
}
