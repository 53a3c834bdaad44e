import { type AddressInfo, createServer, type Socket } from 'node:net'
import { answerBytes, ECHO_KEY, targetOf } from './exchange.ts'
import { messageLength } from './message.ts'

/**
 * The key API of the benchmark: reads requests and answers all of them alike, with as little of its own as can
 * be, for it shares the machine with what is measured. Counts requests by target; a message asks for the counts.
 */
const counts = new Map<string, number>()
const ANSWER = answerBytes()
const ECHO_TARGET = targetOf(ECHO_KEY)
const NOTHING = Buffer.alloc(0)

function serve(socket: Socket): void {
  let rest = NOTHING
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let length = messageLength(bytes); length > 0; length = messageLength(bytes)) {
      socket.write(answerTo(bytes.subarray(0, length)))
      bytes = bytes.subarray(length)
    }
    rest = bytes
  })
}

function answerTo(request: Buffer): Buffer {
  const start = request.indexOf(' ') + 1
  const target = request.toString('latin1', start, request.indexOf(' ', start))
  counts.set(target, (counts.get(target) ?? 0) + 1)
  return target === ECHO_TARGET ? answerBytes(Buffer.from(request)) : ANSWER
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
process.on('message', () => process.send?.([...counts]))
process.on('disconnect', () => process.exit())
