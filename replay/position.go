package replay

// A position is how far a session has come in the takes of a request. The
// takes form groups, with a barrier before each group but the first: unsafe
// requests that were recorded between two takes. The zero position is before
// the first take.
type position struct {
	next  int // the take to serve next
	start int // the newest group whose barriers are open begins here
	end   int // and ends before here

	generation uint64 // of the store that start and end were found for
	since      int64  // the session's request that ended the round before, 0 for none
	last       int64  // the session's request that was served last
	moved      bool   // advance has come to another group
}

// A barrier is what stands between a take and the one before it.
type barrier int

const (
	none barrier = iota // nothing
	open                // unsafe requests that have been replayed
	shut                // unsafe requests of which some have not been replayed
)

// advance moves on to the newest group whose barriers are open. What of earlier
// groups has not been served never will be: its state of the origin is over.
func (pos *position) advance(takes int, generation uint64, before func(take int) barrier) {
	pos.moved = false
	if pos.generation != generation || pos.end > takes {
		// The recordings have changed: the barriers may have, too.
		pos.generation, pos.start, pos.end, pos.next = generation, 0, 0, min(pos.next, takes)
	}
	for pos.end < takes {
		between := none
		if pos.end > 0 {
			between = before(pos.end)
		}
		if between == shut {
			break
		}
		if between == open {
			pos.moved, pos.start = true, pos.end
		}
		pos.end++
	}
	pos.next = max(pos.next, pos.start)
}

// enter moves to the group that begins at a take, whatever came before. What was
// replayed up to the session's request now opens no barrier.
func (pos *position) enter(take int, now int64) {
	pos.start, pos.next, pos.end, pos.since = take, take, take+1, now
}

// served reports whether all takes have been served, or passed over.
func (pos *position) served(takes int) bool { return pos.next >= takes }

// take moves past the take to serve and returns it; false when all have been
// served and no more are to be. At the end of a group that is not the last one
// its last take repeats: clients poll more often than they did when recorded.
func (pos *position) take(takes int, after AfterLast) (take int, ok bool) {
	if pos.next >= pos.end {
		return pos.end - 1, pos.end < takes || after == RepeatLast
	}
	pos.next++
	return pos.next - 1, true
}

// peek returns the take that was served last, or else the one to serve first,
// and moves nothing.
func (pos *position) peek() int { return max(pos.next-1, pos.start) }
