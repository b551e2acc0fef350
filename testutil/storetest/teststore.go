package storetest

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Store is the whole contract of a store; package fixtures explains it.
type Store interface {
	View(ctx context.Context) (fixtures.View, error)
	Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error)
	Append(ctx context.Context, commit fixtures.Commit) error
	NewBody(ctx context.Context) (fixtures.BodyWriter, error)
	MarkStale(ctx context.Context, view fixtures.View, resources ...fixtures.Resource) error
	Lease(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request, variant string) (fixtures.Lease, error)
	SetRules(ctx context.Context, rules fixtures.Rules) error
	Remove(ctx context.Context, filter fixtures.Filter, dryRun bool) (int, error)
	Count(ctx context.Context) (int, error)
	Recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error]
	Import(ctx context.Context, rules fixtures.Rules, recs iter.Seq2[*fixtures.Recording, error], merge bool) (int, error)
	Close() error
}

// An opener gives handles on a store, see TestStore.
type opener func(t *testing.T) Store

// TestStore is the conformance test of stores. It calls open once or more for
// each of its subtests: with a new t, open makes a new and empty store; with
// the same t again, it gives one more handle on that store, as another process
// would have it. TestStore closes the handles.
func TestStore(t *testing.T, open func(t *testing.T) Store) {
	laws := []struct {
		name string
		test func(t *testing.T, open opener)
	}{
		{"AnEmptyStoreHasNoRecording", emptyStore},
		{"AViewHasRulesAndASecretThatAllHandlesShare", sharedView},
		{"WhatIsAppendedIsFoundWhole", foundWhole},
		{"TakesStandInTheOrderRecorded", takesInOrder},
		{"OneVariantIsRecordedOnce", comparedAppend},
		{"FurtherVariantsAreKept", furtherVariants},
		{"FiftyAtOnceKeepOne", fiftyAtOnce},
		{"ReplaceLeavesOneTake", replaceTakes},
		{"LargeBodiesComeBackWhole", largeBody},
		{"ConversationsComeBackWhole", conversations},
		{"DiscardedBodiesDoNoHarm", discardedBody},
		{"ABodyThatIsBeingReadComesWhole", wholeDuringRemovals},
		{"WhatWasFetchedBeforeAClearIsLate", lateAfterClear},
		{"WhatWasFetchedBeforeARemoveIsNotFound", lateAfterRemove},
		{"ARemoveLeavesWhatItDoesNotNameUnderWay", keptAfterRemove},
		{"WhatRemovesAreForgottenOfIsLate", lateAfterMany},
		{"ChangesAreSeenByTheNextViewOfAll", changesAreSeen},
		{"NothingStaleInAThousandTries", neverStale},
		{"NothingClearedInAHundredTries", neverCleared},
		{"StaleMarksCountForWhatWasAskedBefore", staleMarks},
		{"RemoveCountsTakes", removeCounts},
		{"RemoveOfASessionLeavesTheOthers", removeSession},
		{"RemoveOfTakesLeavesTheOthersInOrder", removeTakes},
		{"ADryRunRemovesNothing", removeDryRun},
		{"RulesAreKept", rulesAreKept},
		{"NewRulesLoseNoRecording", rulesReKey},
		{"RulesOfTheSameKeysMoveNoRecording", rulesOfSameKeys},
		{"AllRecordingsAreRead", allAreRead},
		{"AnImportOfAllIsIdentity", importIsIdentity},
		{"AnImportReplacesEverything", importReplaces},
		{"AnImportThatFailsChangesNothing", importFails},
		{"AMergeKeepsTheOthers", mergeKeeps},
		{"AMergeNeedsEqualRules", mergeNeedsRules},
		{"AnImportThatMeetsAClearIsRepeated", importMeetsClear},
		{"WhatWasFetchedBeforeAnImportIsLate", lateAfterImport},
		{"ImportedRecordingsAreInTheOrderGiven", importedInOrder},
		{"ClocksOrderWhatNewRulesMerge", clocksOrderMerged},
		{"AnImportKeepsWhereRecordingsStood", importKeepsNames},
		{"AReaderDuringImportsSeesOneSet", oneSetDuringImports},
		{"WhatBothSetsHaveIsFoundUnderAnOldView", foundUnderOldView},
		{"WhatAllSetsHaveIsFoundDuringSwitches", foundDuringSwitches},
		{"ALeaseHasOneHolder", leaseHolder},
		{"ALeaseOutlivesItsGeneration", leaseOutlives},
		{"EverythingAtOnce", everythingAtOnce},
	}
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			law.test(t, func(t *testing.T) Store {
				t.Helper()
				store := open(t)
				t.Cleanup(func() {
					if err := store.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
				return store
			})
		})
	}
}

// answered returns a small recording of a GET.
func answered(target, body string) *fixtures.Recording {
	return &fixtures.Recording{
		Exchange: fixtures.Exchange{
			Request: fixtures.Request{
				Origin: "http://origin.test", Method: "GET", Target: target,
				Header: http.Header{"Accept": {"*/*"}},
			},
			Response: fixtures.Response{
				Status: 200,
				Header: http.Header{"Content-Type": {"text/plain"}},
				Body:   fixtures.Body{Bytes: []byte(body)},
			},
		},
		Recorded: time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC),
	}
}

func viewOf(t *testing.T, store Store) fixtures.View {
	t.Helper()
	view, err := store.View(t.Context())
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	return view
}

// commitOf returns the commit of a recording that was made under a view.
func commitOf(view fixtures.View, rec *fixtures.Recording, seen int) fixtures.Commit {
	rec.Clock = view.Clock
	return fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec, Seen: seen}
}

// mustAppend records a further take, asked for and committed now.
func mustAppend(t *testing.T, store Store, rec *fixtures.Recording) {
	t.Helper()
	if err := store.Append(t.Context(), commitOf(viewOf(t, store), rec, fixtures.SeenAll)); err != nil {
		t.Fatalf("Append %s: %v", rec.Request.Target, err)
	}
}

// takesOf looks a request up as the proxy does: under a view of now. Without a
// recording it returns no takes.
func takesOf(t *testing.T, store Store, req *fixtures.Request) fixtures.Takes {
	t.Helper()
	view := viewOf(t, store)
	takes, err := store.Takes(t.Context(), view, view.Rules.Key(req), req)
	if errors.Is(err, fixtures.ErrNotFound) {
		return fixtures.Takes{}
	}
	if err != nil {
		t.Fatalf("Takes %s: %v", req.Target, err)
	}
	if len(takes.Recordings) == 0 {
		t.Fatalf("Takes %s: no recording and no ErrNotFound", req.Target)
	}
	return takes
}

// bodiesOf returns the contents of a request's takes, oldest first.
func bodiesOf(t *testing.T, store Store, req *fixtures.Request) []string {
	t.Helper()
	var bodies []string
	for _, rec := range takesOf(t, store, req).Recordings {
		bodies = append(bodies, string(contentOf(t, rec)))
	}
	return bodies
}

func contentOf(t *testing.T, rec *fixtures.Recording) []byte {
	t.Helper()
	r, err := rec.Response.Body.Open()
	if err != nil {
		t.Fatalf("open the content of %s: %v", rec.Request.Target, err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read the content of %s: %v", rec.Request.Target, err)
	}
	return content
}

// wantBodies fails unless the request's takes have these contents.
func wantBodies(t *testing.T, store Store, req *fixtures.Request, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, bodiesOf(t, store, req), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("takes of %s (-want +got):\n%s", req.Target, diff)
	}
}

// wantSame fails unless two recordings are equal in all but their takes, and in
// that a store may know more of links than it was told.
func wantSame(t *testing.T, want, got *fixtures.Recording) {
	t.Helper()
	known, kept := *want, *got
	fixtures.FindLinks(&known)
	fixtures.FindLinks(&kept)
	diff := cmp.Diff(&known, &kept, cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(fixtures.Recording{}, "Take"),
		cmpopts.IgnoreFields(fixtures.Response{}, "Body"))
	if diff != "" {
		t.Errorf("recording of %s (-want +got):\n%s", want.Request.Target, diff)
	}
	if diff := cmp.Diff(contentOf(t, want), contentOf(t, got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("content of %s (-want +got):\n%s", want.Request.Target, diff)
	}
}
