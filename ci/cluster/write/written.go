package write

import "slices"

// Written are the changes that wrote something.
func Written(changes []Change) []Change {
	var out []Change
	for _, c := range changes {
		if c.Action != Unchanged {
			out = append(out, c)
		}
	}
	return out
}

// AsRestored are the changes with restored for created and configured: they lead back to what was before.
func AsRestored(changes []Change) []Change {
	out := slices.Clone(changes)
	for i := range out {
		if out[i].Action == Configured || out[i].Action == Created {
			out[i].Action = Restored
		}
	}
	return out
}
