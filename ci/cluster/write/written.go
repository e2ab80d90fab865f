package write

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
