package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// junitOf returns junit.xml: every stage is a suite, of which the stage itself, its
// tests and its objects are the cases.
func junitOf(report Report) ([]byte, error) {
	all := junit.Testsuites{Name: "slipway " + report.Version, Time: seconds(report.Seconds)}
	for i, stage := range report.Stages {
		suite := junit.Testsuite{Name: stage.Name, ID: i, Time: seconds(stage.Seconds)}
		suite.SetTimestamp(stage.Start.UTC())
		suite.AddProperty("version", report.Version)
		suite.AddProperty("run", report.Run)
		for _, c := range casesOf(stage) {
			suite.AddTestcase(c)
		}
		all.AddSuite(suite)
	}
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	err := all.WriteXML(&out)
	return out.Bytes(), err
}

func casesOf(stage Stage) []junit.Testcase {
	own := junit.Testcase{Name: stage.Name, Classname: "stage", Time: seconds(stage.Seconds)}
	switch stage.Result {
	case Skipped, Superseded:
		own.Skipped = &junit.Result{Message: firstOf(stage.Detail, stage.Cause, string(stage.Result))}
	case Failed, Interrupted:
		if stage.Optional { // a vendor that counts failures would fail the run
			own.Skipped = &junit.Result{Message: "failed, and is optional: " + firstOf(inline(stage.Cause), inline(stage.Error))}
			break
		}
		own.Failure = &junit.Result{Type: string(stage.Result), Message: firstOf(inline(stage.Cause), inline(stage.Error)), Data: strings.Join(why(stage, nil), "\n")}
	}
	cases := []junit.Testcase{own}
	for _, test := range stage.Tests {
		c := junit.Testcase{Name: test.Name, Classname: stage.Name + " at " + test.At, Time: seconds(test.Seconds)}
		switch test.Result {
		case Failed:
			if stage.Optional {
				c.Skipped = &junit.Result{Message: "failed, in a stage that is optional"}
				break
			}
			c.Failure = &junit.Result{Type: string(Failed), Message: "failed at " + test.At, Data: test.Output}
		case Skipped:
			c.Skipped = &junit.Result{Message: "skipped"}
		}
		cases = append(cases, c)
	}
	for _, object := range stage.Objects {
		c := junit.Testcase{Name: object.String(), Classname: stage.Name + " objects", Time: seconds(object.Seconds)}
		if !object.Ready {
			c.Failure = &junit.Result{Type: string(stage.Result), Message: object.State}
		}
		cases = append(cases, c)
	}
	return cases
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// String names the object: "Deployment go-demo/api".
func (o Object) String() string {
	return o.Kind + " " + strings.TrimPrefix(o.Namespace+"/", "/") + o.Name
}
