package recorder

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
)

// Statuses is a set of response statuses to record. A nil *Statuses is the
// default of live mode: 2xx, 3xx, and those 4xx that last (fixtures.Lasts).
type Statuses struct {
	set [1000]bool
}

// AllStatuses records whatever the origin answers.
func AllStatuses() *Statuses {
	s := &Statuses{}
	for i := 200; i < 1000; i++ {
		s.set[i] = true
	}
	return s
}

// ParseStatuses reads a list such as "2xx,301,404".
func ParseStatuses(list string) (*Statuses, error) {
	s := &Statuses{}
	for item := range strings.SplitSeq(list, ",") {
		item = strings.ToLower(strings.TrimSpace(item))
		low, high := item, item
		if class, ok := strings.CutSuffix(item, "xx"); ok {
			low, high = class+"00", class+"99"
		}
		from, err := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err != nil || err2 != nil || from < 200 || to > 599 {
			return nil, fmt.Errorf("%q is not a status or a class of them, such as 404 or 2xx", item)
		}
		for i := from; i <= to; i++ {
			s.set[i] = true
		}
	}
	return s, nil
}

// record reports whether an answer with the status is recorded. Anonymous says
// that the request had no credentials; always that its method is always
// forwarded, so that the recording is never a HIT of live mode.
func (s *Statuses) record(status int, anonymous, always bool) bool {
	if s != nil {
		return status < len(s.set) && s.set[status]
	}
	return fixtures.Lasts(status, anonymous, always)
}
