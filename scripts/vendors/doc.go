// Package vendors holds no code but tests: they run the files of CI vendors with the
// vendor's runner where one can be had, and hold the others to its schema or linter.
package vendors
