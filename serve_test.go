package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/suite"
)

// ServeUnitTestSuite tests how the process starts and ends.
type ServeUnitTestSuite struct{ suite.Suite }

func TestServeUnitTestSuite(t *testing.T) { suite.Run(t, new(ServeUnitTestSuite)) }

func (s *ServeUnitTestSuite) TestDatabaseThatComesLateIsWaitedFor() {
	synctest.Test(s.T(), func(t *testing.T) {
		store, state := &memoryStore{fail: errors.New("refused")}, &State{}
		go Prepare(t.Context(), store, state, slog.New(slog.DiscardHandler))
		time.Sleep(time.Hour)
		synctest.Wait()
		s.False(state.prepared.Load())

		store.failWith(nil)
		time.Sleep(500*time.Millisecond + 1) // the longest pause
		synctest.Wait()
		s.True(state.prepared.Load())
	})
}

func (s *ServeUnitTestSuite) TestWaitingForTheDatabaseEndsWithTheProcess() {
	synctest.Test(s.T(), func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		Prepare(ctx, &memoryStore{fail: errors.New("refused")}, &State{}, slog.New(slog.DiscardHandler))
		s.Error(ctx.Err())
	})
}

func (s *ServeUnitTestSuite) TestRequestInFlightIsAnsweredAfterTheSignal() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.Require().NoError(err)
	arrived, answer := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-answer
		w.WriteHeader(http.StatusTeapot)
	})
	ctx, signal := context.WithCancel(s.T().Context())
	state, served := &State{}, make(chan error, 1)
	go func() { served <- Serve(ctx, handler, listener, state, 0, slog.New(slog.DiscardHandler)) }()
	code := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		s.NoError(err)
		defer response.Body.Close()
		code <- response.StatusCode
	}()

	<-arrived
	signal()
	s.Eventually(func() bool { // no new connection is taken
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, 5*time.Second, time.Millisecond)
	s.True(state.draining.Load())
	close(answer)
	s.Equal(http.StatusTeapot, <-code)
	s.NoError(<-served)
}

func (s *ServeUnitTestSuite) TestRequestsAreAcceptedDuringTheDrainDelay() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.Require().NoError(err)
	store, state := &memoryStore{}, &State{}
	log := slog.New(slog.DiscardHandler)
	Prepare(s.T().Context(), store, state, log)
	ctx, signal := context.WithCancel(s.T().Context())
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, NewServer("/demo", store, state, log), listener, state, 300*time.Millisecond, log)
	}()

	signal()
	s.Eventually(state.draining.Load, 5*time.Second, time.Millisecond)
	response, err := http.Get("http://" + listener.Addr().String() + "/demo/hello")
	s.Require().NoError(err)
	defer response.Body.Close()
	s.Equal(http.StatusOK, response.StatusCode)
	s.True(response.Close, "the client is told to connect elsewhere next time")
	s.NoError(<-served)
}
