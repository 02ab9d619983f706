"""asyncio: clients and a server that talk over UNIX sockets, with an executor in between."""

import asyncio
import sys

ROUNDS = int(sys.argv[1])


async def handle(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def talk(number, rounds):
    reader, writer = await asyncio.open_unix_connection("echo.socket")
    total = 0
    for i in range(rounds):
        text = b"client %d says %d\n" % (number, i)
        writer.write(text)
        answer = await reader.readline()
        assert answer == text.upper(), answer
        square = await asyncio.get_running_loop().run_in_executor(None, lambda: i * i)
        total += square
        await asyncio.sleep(0.001)
    writer.close()
    return total


async def main():
    server = await asyncio.start_unix_server(handle, "echo.socket")
    totals = await asyncio.gather(*(talk(n, ROUNDS + n) for n in range(5)))
    print(totals)
    server.close()
    await asyncio.sleep(0.05)


asyncio.run(main())
