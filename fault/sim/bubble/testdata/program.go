// Program is what bubble_test.go builds and runs.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"bleepstore/fault/sim/bubble"
)

func main() {
	flag.Bool("mine", false, "a flag of the program")
	for range 2 {
		bubble.Run(func() {
			began := time.Now()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				time.Sleep(time.Hour)
			}()
			switch os.Args[2] {
			case "deadlock":
				go func() { select {} }()
			case "panic":
				panic("on purpose")
			}
			<-ended
			if time.Since(began) == time.Hour {
				fmt.Println("an hour has passed")
			}
		})
	}
	var names []string
	flag.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	fmt.Println("its own flags:", names)
	os.Exit(7)
}
