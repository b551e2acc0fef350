package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"sync"

	"example.com/cannery/replay/authority"
)

// speakTLS has the server speak TLS and nothing else: a client of plain HTTP gets
// net/http's 400. Advice is what helps a client that refuses the certificate.
func (s *server) speakTLS(config *tls.Config, advice string) {
	s.http.TLSConfig = config
	s.http.ErrorLog = log.New(&refusals{advice: advice, say: s.talk}, "", 0)
}

// refusals say once that a client has refused the certificate: of what net/http logs
// that alone is news for users.
type refusals struct {
	advice string
	say    func(string)
	once   sync.Once
}

// Write takes a line of net/http's.
func (r *refusals) Write(line []byte) (int, error) {
	if why := authority.Refusal(string(line)); why != "" {
		r.once.Do(func() { r.say(fmt.Sprintf("a client has refused the certificate (%s): %s", why, r.advice)) })
	}
	return len(line), nil
}
