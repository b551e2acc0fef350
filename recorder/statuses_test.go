package recorder_test

import (
	"strings"
	"testing"

	"example.com/cannery/recorder"
)

func TestBadStatusListIsQuoted(t *testing.T) {
	for _, list := range []string{"", "2x", "xx", "9xx", "199", "600", "200,,404", "404-410", "ok", "-404", "2xxx"} {
		if _, err := recorder.ParseStatuses(list); err == nil {
			t.Errorf("%q is accepted", list)
		} else if item := list[strings.LastIndex(list, ",")+1:]; list != "200,,404" && !strings.Contains(err.Error(), `"`+item+`"`) {
			t.Errorf("the error for %q does not quote it: %v", list, err)
		}
	}
	for _, list := range []string{"200", " 2XX , 404", "5xx"} {
		if _, err := recorder.ParseStatuses(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}
