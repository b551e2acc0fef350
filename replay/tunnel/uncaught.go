package tunnel

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"syscall"
)

// A Kind is a way in which a proxy does not get to see requests.
type Kind string

const (
	Refused Kind = "refused-certificate" // the client did not trust the certificate
	Silent  Kind = "left"                // the client went without a request
	NotHTTP Kind = "not-http"            // what is inside is not HTTP
	Passed  Kind = "passed-through"      // the host was not chosen
	Barred  Kind = "left-alone"          // neither, and nothing can be passed through
)

// A Miss is a host that was not caught, in one way by one kind of client.
type Miss struct {
	Kind   Kind   `json:"kind"`
	Host   string `json:"host"`   // with port
	Client string `json:"client"` // what it calls itself; "" for nothing
	Why    string `json:"why,omitempty"`
	Count  int64  `json:"count"` // of tunnels, or of requests that were passed through
}

// Uncaught is what a forward proxy did not get to see. It may be used concurrently. The
// zero Uncaught is ready; a nil one ignores what it is told.
type Uncaught struct {
	// Say is told of the first of each Miss that is remembered. Nil ignores it.
	Say func(Miss)

	mu    sync.Mutex
	count map[Miss]int64  // guarded by mu; by what has no Count
	hosts map[string]bool // guarded by mu: those of which there were requests
}

// maxMisses bounds what is remembered.
const maxMisses = 1000

func (u *Uncaught) add(kind Kind, host, client, why string) {
	if u == nil {
		return
	}
	miss := Miss{Kind: kind, Host: host, Client: client, Why: why}
	u.mu.Lock()
	if u.count == nil {
		u.count = map[Miss]int64{}
	}
	first := u.count[miss] == 0 && len(u.count) < maxMisses
	if first || u.count[miss] > 0 {
		u.count[miss]++
	}
	said := u.hosts[host]
	u.mu.Unlock()
	if first && u.Say != nil && !(kind == Silent && said) {
		miss.Count = 1
		u.Say(miss)
	}
}

// caught notes that a host had a request. Who leaves a tunnel to it without one then
// has only opened it ahead.
func (u *Uncaught) caught(host string) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hosts == nil {
		u.hosts = map[string]bool{}
	}
	if len(u.hosts) < maxMisses {
		u.hosts[host] = true
	}
}

// All returns what was not caught, by kind and host.
func (u *Uncaught) All() []Miss {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []Miss
	for miss, count := range u.count {
		if miss.Kind == Silent && u.hosts[miss.Host] {
			continue
		}
		miss.Count = count
		all = append(all, miss)
	}
	slices.SortFunc(all, func(a, b Miss) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Why, b.Why))
	})
	return all
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
