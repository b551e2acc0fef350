package replay

// Mode says when requests are forwarded.
type Mode int

const (
	// Live answers what it knows, and forwards and records what it does not.
	Live Mode = iota
	// Record forwards and records everything.
	Record
	// Offline forwards nothing: it replays the takes in the order recorded.
	Offline
)

func (m Mode) String() string {
	switch m {
	case Record:
		return "record"
	case Offline:
		return "offline"
	}
	return "live"
}

// AfterLast says what an offline request gets when all its takes have been
// served.
type AfterLast int

const (
	// RepeatLast serves the last take again and again.
	RepeatLast AfterLast = iota
	// FailAfterLast makes it a miss.
	FailAfterLast
	// LoopTakes serves the takes again from the first, in their order: a new
	// round, in which they wait for unsafe requests as they did in the first.
	LoopTakes
)
