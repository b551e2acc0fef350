package explain

// Hints are what an explanation has to know to say what to type. The zero Hints
// are those of the default store.
type Hints struct {
	// Fixtures is the directory that is served, as it was given. "" means a
	// store.
	Fixtures string

	// Store is what to call the store. "" means "the store".
	Store string

	// Volatile says that the store can lose recordings by itself, as a Redis
	// can.
	Volatile bool

	// Flags are what else the command line has that a command needs to do
	// the same, such as what selects the store. They are shown as they are:
	// no secrets. Nil means that nothing is needed.
	Flags []string

	// Origin is the value of --origin to record from. "" means what the
	// recordings tell.
	Origin string

	// URL is where the proxy answers. "" stands for $CANNERY_URL.
	URL string

	// Record is what to type to record, where that is no command of
	// cannery's. "" means that it is.
	Record string

	// Command is the command line that is being run, for "cannery run", as
	// secret.ShownCommand has it. Nil stands for COMMAND.
	Command []string
}

// store names where recordings are.
func (h *Hints) store() string {
	switch {
	case h.Fixtures != "":
		return h.Fixtures
	case h.Store != "":
		return h.Store
	}
	return "the store"
}

func (h *Hints) nothing() string {
	if h.Fixtures != "" {
		return "there are no fixtures in " + h.Fixtures
	}
	return "there are no recordings at all in " + h.store()
}
