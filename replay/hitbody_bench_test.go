package replay_test

import (
	"bytes"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/sample"
	"example.com/cannery/testutil/storetest"
)

// BenchmarkHitBody measures whether what a HIT allocates grows with its content.
func BenchmarkHitBody(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10, 10 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			store := storetest.OpenLocal(b, b.TempDir(), 64<<20)
			if _, err := store.Import(b.Context(), fixtures.Rules{}, oneOf(size), false); err != nil {
				b.Fatal(err)
			}
			p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
			r := httptest.NewRequest("GET", "/large", nil)
			b.SetBytes(int64(size))
			measureHits(b, p, r)
		})
	}
}

// oneOf yields a recording whose content has so many bytes.
func oneOf(size int) iter.Seq2[*fixtures.Recording, error] {
	rec := &fixtures.Recording{}
	rec.Request = fixtures.Request{Origin: "o", Base: "http://origin.test", Method: "GET", Target: "/large"}
	rec.Response = fixtures.Response{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"application/octet-stream"}, "Content-Length": {strconv.Itoa(size)}},
		Body:   fixtures.Body{Bytes: bytes.Repeat([]byte{1, 2, 3, 4}, size/4)},
	}
	return sample.All(rec)
}
