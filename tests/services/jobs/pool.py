"""Work for a pool of processes, and for two that are fed through queues."""

import hashlib
import multiprocessing
import time

ROUNDS = 24


def digest(number):
    data = str(number).encode()
    for _ in range(4000):
        data = hashlib.sha256(data).digest()
    return number, data.hex()[:16]


def square(todo, done, total):
    for number in iter(todo.get, None):
        with total.get_lock():
            total.value += number
        done.put((number, number * number, b"x" * (number % 5000)))
    done.put(None)


def squares(round_number, todo, done):
    for number in range(200):
        todo.put(round_number * 1000 + number)
    results = sorted(done.get() for _ in range(200))
    return sum(squared for _, squared, _ in results), sum(len(text) for _, _, text in results)


def main():
    todo, done = multiprocessing.Queue(), multiprocessing.Queue(50)
    total = multiprocessing.Value("q", 0)
    workers = [multiprocessing.Process(target=square, args=(todo, done, total)) for _ in range(2)]
    for worker in workers:
        worker.start()
    with multiprocessing.Pool(3) as pool:
        for round_number in range(ROUNDS):
            waiting = pool.map_async(digest, range(round_number * 60, round_number * 60 + 60), chunksize=3)
            print(round_number, squares(round_number, todo, done), flush=True)
            print(hashlib.sha256(repr(waiting.get()).encode()).hexdigest(), flush=True)
            time.sleep(0.01)
        for _ in workers:
            todo.put(None)
        print([done.get() for _ in workers], total.value, flush=True)
        for worker in workers:
            worker.join()
        print([worker.exitcode for worker in workers], flush=True)
        pool.close()
        pool.join()


if __name__ == "__main__":
    main()
