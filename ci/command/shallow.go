package command

import (
	"os"
	"slices"
)

// shallow is the warning that the clone was cut, and what to set where the job runs.
func (f *flags) shallow() string {
	job, _ := jobOf(f.Vendor, os.Getenv) // an unknown name was refused before
	return shallowIn(job.vendor)
}

func shallowIn(name string) string {
	const cut = "this clone is shallow: a commit has no number in it, and which of two commits is the newer may not be known; "
	if at := slices.IndexFunc(vendors, func(v vendor) bool { return v.name == name }); at >= 0 {
		return cut + "set " + vendors[at].whole
	}
	return cut + "run `git fetch --unshallow` first"
}
