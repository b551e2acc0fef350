package tunnel

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"example.com/cannery/fixtures"
)

// allowed reports whether a client has given the token. What it has given is then
// forgotten: it is not an origin's to see.
func (p *Proxy) allowed(r *http.Request) bool {
	given := r.Header.Get("Proxy-Authorization")
	delete(r.Header, "Proxy-Authorization")
	if p.Token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(given, " ")
	text, err := base64.StdEncoding.DecodeString(strings.TrimLeft(given, " "))
	_, password, _ := strings.Cut(string(text), ":")
	return err == nil && strings.EqualFold(scheme, "Basic") && subtle.ConstantTimeCompare([]byte(password), []byte(p.Token)) == 1
}

func (p *Proxy) wantsToken(w http.ResponseWriter) error {
	w.Header()["Proxy-Authenticate"] = []string{`Basic realm="cannery"`}
	return &fixtures.Problem{
		Status: http.StatusProxyAuthRequired,
		Title:  "the proxy wants its token",
		Detail: "the request has not given the token of the proxy's URL",
		Hint:   "give clients the whole URL that cannery has printed: http://cannery:TOKEN@HOST:PORT",
	}
}
