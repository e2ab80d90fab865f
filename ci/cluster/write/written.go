package write

import (
	"fmt"
	"slices"
)

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

// Told counts in a few words those of so many objects that were written; what was pruned is none of them any more.
func Told(changes []Change, objects int) string {
	wrote, pruned := Written(changes), 0
	for _, c := range wrote {
		if c.Action == Deleted {
			pruned++
		}
	}
	text := fmt.Sprintf("%d of %d objects changed", len(wrote)-pruned, objects)
	if pruned > 0 {
		text += fmt.Sprintf(", %d pruned", pruned)
	}
	return text
}
