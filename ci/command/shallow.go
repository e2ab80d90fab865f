package command

import (
	"os"
	"slices"
)

// shallow is the warning that the clone is shallow, with what to set at the CI vendor.
func (f *flags) shallow() string {
	job, _ := jobOf(f.Vendor, os.Getenv) // an unknown name has been rejected already
	return shallowIn(job.vendor)
}

func shallowIn(name string) string {
	const cut = "this clone is shallow: the version has no commit count, and it may not be known which of two commits is newer; "
	if at := slices.IndexFunc(vendors, func(v vendor) bool { return v.name == name }); at >= 0 {
		return cut + "set " + vendors[at].whole
	}
	return cut + "run `git fetch --unshallow` first"
}
