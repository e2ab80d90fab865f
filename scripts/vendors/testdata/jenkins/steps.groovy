// Runs a step of a shared library with the steps that it calls itself, as far as it uses them: Jenkins's own are in
// Jenkins alone. Arguments: the step's file, and its settings as NAME=VALUE. A credential's file is in CREDENTIALS.
import org.codehaus.groovy.control.CompilerConfiguration

abstract class Steps extends Script {
    static Map<String, String> variables = new HashMap<>(System.getenv())

    Map getEnv() { variables }

    void error(String message) { throw new Exception(message) }

    Map file(Map of) { of }

    void withCredentials(List<Map> of, Closure body) {
        withEnv(of.collect { it.variable + '=' + System.getenv('CREDENTIALS') + '/' + it.credentialsId }, body)
    }

    void withEnv(List of, Closure body) {
        def former = new HashMap<>(variables)
        of.each { def (name, value) = it.toString().split('=', 2); variables[name] = value }
        try { body() } finally { variables = former }
    }

    void sh(String script) {
        def builder = new ProcessBuilder('sh', '-xe', '-c', script).inheritIO()
        builder.environment().clear()
        builder.environment().putAll(variables)
        def code = builder.start().waitFor()
        if (code != 0) { error("script returned exit code ${code}") }
    }

    void junit(Map of) { println "junit ${of.testResults}" }

    void archiveArtifacts(Map of) { println "archive ${of.artifacts}" }
}

def compiler = new CompilerConfiguration(scriptBaseClass: Steps.name)
def step = new GroovyShell(getClass().classLoader, new Binding(), compiler).parse(new File(args[0]))
try {
    step.call(args.drop(1).collectEntries { it.split('=', 2) as List })
} catch (Exception failed) {
    println "ERROR: ${failed.message}"
    System.exit(1)
}
