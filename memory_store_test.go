package main

import (
	"context"
	"sync"
)

// memoryStore is a Store for unit tests. Every method returns fail while it is set.
type memoryStore struct {
	mu      sync.Mutex
	persons map[string]Person
	fail    error
}

// with runs do under the lock, unless the store is to fail.
func (m *memoryStore) with(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	return do()
}

func (m *memoryStore) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memoryStore) Prepare(context.Context) error {
	return m.with(func() error { m.persons = map[string]Person{}; return nil })
}

func (m *memoryStore) Ping(context.Context) error { return m.with(func() error { return nil }) }

func (m *memoryStore) Get(_ context.Context, id string) (person Person, err error) {
	err = m.with(func() error {
		var found bool
		if person, found = m.persons[id]; !found {
			return ErrNotFound
		}
		return nil
	})
	return person, err
}

func (m *memoryStore) Put(_ context.Context, person Person) error {
	return m.with(func() error { m.persons[person.ID] = person; return nil })
}

func (m *memoryStore) Delete(_ context.Context, id string) error {
	return m.with(func() error {
		if _, found := m.persons[id]; !found {
			return ErrNotFound
		}
		delete(m.persons, id)
		return nil
	})
}
