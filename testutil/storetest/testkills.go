package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/cannery/fixtures"
)

// TestKills kills processes that write to a store, at any moment: what they have
// acknowledged is there afterwards, and all that is there is whole. Child names a
// test of the same package that calls ChildWrites; open opens the store in a
// directory.
func TestKills(t *testing.T, child string, kills int, open func(t *testing.T, dir string) Store) {
	dir := t.TempDir()
	var done []string
	for kill := range kills {
		done = append(done, killedChild(t, child, dir)...)
		store := open(t, dir)
		for _, target := range done {
			if !strings.HasPrefix(target, "/") {
				t.Fatalf("the child says: %s", target)
			}
			if takes := takesOf(t, store, &answered(target, "").Request); takes.Last() < 1 {
				t.Fatalf("%s was recorded and is not there after kill %d", target, kill)
			}
		}
		for rec, err := range store.Recordings(t.Context()) {
			if err != nil {
				t.Fatalf("Recordings after kill %d: %v", kill, err)
			}
			if got := string(contentOf(t, rec)); got != killedContent(rec.Request.Target, len(got) > fixtures.InlineBody/2) {
				t.Fatalf("%s has a body of %d bytes that was never recorded", rec.Request.Target, len(got))
			}
		}
		if kill%10 == 9 {
			if _, err := store.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
				t.Fatal(err)
			}
			done = nil
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killedChild lets a child write for a while, and returns what it has recorded.
func killedChild(t *testing.T, child, dir string) (done []string) {
	t.Helper()
	cmd, lines := Child(t, child, dir)
	for n := 1 + rand.IntN(12); len(done) < n && lines.Scan(); {
		done = append(done, lines.Text())
	}
	// Any moment will do: nothing is waited for here.
	<-time.After(rand.N(10 * time.Millisecond))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		done = append(done, lines.Text())
	}
	if err := cmd.Wait(); err == nil || len(done) == 0 {
		t.Fatalf("the child did nothing: %v", err)
	}
	return done
}

// killedContent is what the origin of these tests answers.
func killedContent(target string, large bool) string {
	if large {
		return strings.Repeat(target+"\n", fixtures.InlineBody/len(target)+1)
	}
	return strings.Repeat(target+"\n", 100)
}

// ChildWrites is the body of a test that runs as the child of TestKills, and is
// skipped elsewhere: it does everything that writes until it is killed, and prints
// what is recorded.
func ChildWrites(t *testing.T, open func(t *testing.T, dir string) Store) {
	dir := os.Getenv(ChildDir)
	if dir == "" {
		t.Skip("it runs as a child process only")
	}
	store := open(t, dir)
	for i := 0; ; i++ {
		target := fmt.Sprintf("/p%d/r?i=%d", os.Getpid(), i)
		mustAppend(t, store, answered(target, killedContent(target, i%3 == 0)))
		fmt.Println(target)
		if err := writeMore(t, store, i); err != nil {
			t.Fatal(err)
		}
	}
}

func writeMore(t *testing.T, store Store, i int) error {
	target := fmt.Sprintf("/shared?i=%d", i%2)
	commit := commitOf(viewOf(t, store), answered(target, killedContent(target, i%4 == 0)), fixtures.SeenAll)
	switch i % 7 {
	case 0, 5:
		return store.Append(t.Context(), commit)
	case 1:
		rules := fixtures.Rules{MatchHeader: []string{fmt.Sprintf("X-%d-%d", os.Getpid(), i)}}
		return store.SetRules(t.Context(), rules)
	case 2:
		commit.Replace = true
		return store.Append(t.Context(), commit)
	case 3:
		return store.MarkStale(t.Context(), commit.View, commit.Key.Resource())
	case 4:
		_, err := store.Remove(t.Context(), fixtures.Filter{Match: target}, false)
		return err
	}
	rec := answered("/imported", killedContent("/imported", false))
	_, err := store.Import(t.Context(), *commit.View.Rules, of(nil, rec), true)
	return err
}
