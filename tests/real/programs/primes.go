// Counts primes in goroutines that hand their results on through channels.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"sync"
)

type block struct{ index, primes int }

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

func main() {
	blocks, _ := strconv.Atoi(os.Args[1])
	work, results := make(chan int), make(chan block)
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for index := range work {
				count := 0
				for n := index * 20000; n < (index+1)*20000; n++ {
					if isPrime(n) {
						count++
					}
				}
				results <- block{index, count}
			}
		}()
	}
	go func() {
		for index := 0; index < blocks; index++ {
			work <- index
		}
		close(work)
		group.Wait()
		close(results)
	}()
	found := make([]int, blocks)
	for result := range results {
		found[result.index] = result.primes
	}
	fmt.Printf("%v\n%x\n", found, sha256.Sum256([]byte(fmt.Sprint(found))))
}
