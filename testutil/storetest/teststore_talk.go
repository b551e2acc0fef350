package storetest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/testutil/sample"
)

// conversations: their messages come back in order, small ones and large ones, beside
// the recording of a plain GET of the same URL.
func conversations(t *testing.T, open opener) {
	store := open(t)
	large := talk.Message{From: talk.Server, Data: randomContent(fixtures.InlineBody)}
	plain := answered("/socket", "no WebSocket")
	plain.Request.Origin = "o"
	mustAppend(t, store, plain)
	for take, messages := range [][]talk.Message{sample.Talked(), {}, {large, large}} {
		rec := sample.Talk("/socket", messages...)
		rec.Response.Open = take == 1
		if log := rec.Response.Body.Bytes; len(log) > fixtures.InlineBody {
			_, rec.Response.Body = written(t, store, log)
		}
		mustAppend(t, store, rec)
		got := takesOf(t, open(t), &rec.Request).Recordings
		if len(got) != take+1 {
			t.Fatalf("there are %d takes, want %d", len(got), take+1)
		}
		if r := &got[take].Response; !r.Conversation || r.Open != rec.Response.Open || r.Status != 101 {
			t.Errorf("take %d is %+v", take, r)
		}
		if diff := cmp.Diff(messages, messagesOf(t, got[take]), cmp.FilterValues(bytes.Equal, cmp.Ignore())); diff != "" {
			t.Errorf("take %d (-want +got):\n%s", take, diff)
		}
	}
	if got := takesOf(t, store, &plain.Request).Recordings; len(got) != 1 || got[0].Response.Conversation {
		t.Errorf("a plain GET has %d takes", len(got))
	}
}

func messagesOf(t *testing.T, rec *fixtures.Recording) []talk.Message {
	t.Helper()
	messages := []talk.Message{}
	for m, err := range rec.Messages() {
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	return slices.Clip(messages)
}
