// A directory of identities in memory and a PDS beside it; everything else comes from the environment.
const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds')
const { PlcServer, Database } = require('@did-plc/server')

async function main() {
  await PlcServer.create({ db: Database.mock(), port: Number(process.env.DIRECTORY_PORT) }).start()
  const env = readEnv()
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  await pds.start()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
