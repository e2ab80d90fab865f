// The step `slipway` of a shared library with the Library Path .jenkins: docs/ci-vendors.md has a Jenkinsfile that calls it.
// Credentials are named by their ids, and are secret files: kubeconfig and productionKubeconfig, bootstrap's build.conf and
// production.conf, and registryAuth, a Docker config.json. Give the second one only where the job is not of a change request.
def call(Map given) {
    def settings = [command: '', until: 'production', image: '', report: 'slipway-report'] + given
    if (!settings.version) {
        error 'slipway: version: missing; a tag or a commit of Slipway'
    }
    def secrets = [kubeconfig: 'SLIPWAY_KUBECONFIG', productionKubeconfig: 'SLIPWAY_PRODUCTION_KUBECONFIG', registryAuth: 'REGISTRY_AUTH']
        .findAll { settings[it.key] }
        .collect { file(credentialsId: settings[it.key], variable: it.value) }
    withEnv([
        "PROGRAM=github.com/slipway-cd/slipway/ci@${settings.version}", "COMMAND=${settings.command}",
        "SLIPWAY_UNTIL=${settings.until}", "SLIPWAY_IMAGE=${settings.image}", "SLIPWAY_REPORT=${settings.report}",
        "DOCKER_CONFIG=${env.WORKSPACE_TMP}/docker", // not the agent's own, where it would stay
    ]) {
        try {
            withCredentials(secrets) {
                sh '[ -z "$REGISTRY_AUTH" ] || install -D -m 600 "$REGISTRY_AUTH" "$DOCKER_CONFIG/config.json"'
                sh 'exec go run "$PROGRAM" $COMMAND'
            }
        } finally {
            sh 'rm -rf "$DOCKER_CONFIG"'
            junit allowEmptyResults: true, testResults: "${settings.report}/junit.xml"
            archiveArtifacts allowEmptyArchive: true, artifacts: "${settings.report}/**"
        }
    }
}
