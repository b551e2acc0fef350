package check

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Content returns what a version of a subject looks like, of about so many bytes: a
// line that says what it is, and as much of the same again as fills it. So a piece that
// is missing, or another's, is found.
func Content(s Subject, version uint64, size int) []byte {
	head := fmt.Sprintf("%s\t%s\t%d\t%d\n", s.URL, s.Who, version, size)
	return []byte(head + strings.Repeat(head, size/len(head)))
}

// Parse reads what Content returned. It fails when that is not whole.
func Parse(content []byte) (s Subject, version uint64, err error) {
	head, _, found := bytes.Cut(content, []byte("\n"))
	fields := strings.Split(string(head), "\t")
	if !found || len(fields) != 4 {
		return s, 0, fmt.Errorf("%d bytes that begin with %.60q are no content of the origin's", len(content), content)
	}
	s = Subject{fields[0], fields[1]}
	size := 0
	if _, err := fmt.Sscan(fields[2]+" "+fields[3], &version, &size); err != nil {
		return s, 0, fmt.Errorf("content begins with %.60q: %w", content, err)
	}
	if want := Content(s, version, size); !bytes.Equal(content, want) {
		return s, version, errors.New(difference(content, want))
	}
	return s, version, nil
}

func difference(got, want []byte) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	return fmt.Sprintf("%d bytes, which differ from the %d of the origin's at %d", len(got), len(want), at)
}
