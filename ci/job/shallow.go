package job

import "slices"

// Shallow is the warning that the clone is shallow, with what to set at the CI vendor.
func (j Job) Shallow() string {
	const cut = "this clone is shallow: the version has no commit count, and it may not be known which of two commits is newer; "
	if at := slices.IndexFunc(vendors, func(v vendor) bool { return v.name == j.Vendor }); at >= 0 {
		return cut + "set " + vendors[at].whole
	}
	return cut + "run `git fetch --unshallow` first"
}
