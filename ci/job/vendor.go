package job

// vendor says which variables a CI vendor sets for its jobs. Each value is a template
// of variables; of a list, the first template counts whose variables are all set.
type vendor struct {
	name   string
	is     func(getenv func(string) string) bool
	run    string // names the run; a second attempt of one pipeline is another run
	commit string
	branch []string
	actor  []string
	url    string
	whole  string // what to set so that a job's clone has its history
	token  string // what to set so that a job has an identity token; empty where it is a variable alone
}

func set(name string) func(func(string) string) bool {
	return func(getenv func(string) string) bool { return getenv(name) != "" }
}

func equals(name, value string) func(func(string) string) bool {
	return func(getenv func(string) string) bool { return getenv(name) == value }
}

// vendors, each with the page that lists its variables. Some are compared with "true",
// since tools that imitate a vendor on a person's machine set "false": gitlab-ci-local
// does.
var vendors = []vendor{
	{ // https://docs.github.com/actions/reference/workflows-and-actions/variables
		name: "github", is: equals("GITHUB_ACTIONS", "true"), run: "${GITHUB_RUN_ID}-${GITHUB_RUN_ATTEMPT}",
		commit: "${GITHUB_SHA}", branch: []string{"${GITHUB_HEAD_REF}", "${GITHUB_REF_NAME}"},
		actor: []string{"${GITHUB_TRIGGERING_ACTOR}", "${GITHUB_ACTOR}"},
		url:   "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}",
		whole: "`fetch-depth: 0` for actions/checkout",
		token: "give it `permissions: {id-token: write}`, which the pull request of a fork never has",
	},
	{ // https://docs.gitlab.com/ci/variables/predefined_variables/
		name: "gitlab", is: equals("GITLAB_CI", "true"), run: "${CI_JOB_ID}",
		commit: "${CI_COMMIT_SHA}", branch: []string{"${CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "${CI_COMMIT_REF_NAME}"},
		actor: []string{"${GITLAB_USER_LOGIN}"}, url: "${CI_JOB_URL}",
		whole: "the variable `GIT_DEPTH: 0`",
		token: "give it `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`",
	},
	{ // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
		name: "jenkins", is: set("JENKINS_URL"), run: "${BUILD_NUMBER}-${JOB_NAME}", // the number first: a long name is cut
		commit: "${GIT_COMMIT}", branch: []string{"${CHANGE_BRANCH}", "${BRANCH_NAME}", "${GIT_BRANCH}"},
		actor: []string{"${CHANGE_AUTHOR}", "${BUILD_USER_ID}"}, url: "${BUILD_URL}",
		whole: "`shallow: false` in the CloneOption of the checkout, or clear \"Shallow clone\" in the job",
	},
	{ // https://circleci.com/docs/variables/
		name: "circleci", is: equals("CIRCLECI", "true"), run: "${CIRCLE_BUILD_NUM}",
		commit: "${CIRCLE_SHA1}", branch: []string{"${CIRCLE_BRANCH}", "${CIRCLE_TAG}"},
		actor: []string{"${CIRCLE_USERNAME}"}, url: "${CIRCLE_BUILD_URL}",
		whole: "`method: full` for the step checkout",
	},
	{ // https://woodpecker-ci.org/docs/usage/environment
		name: "woodpecker", is: equals("CI", "woodpecker"), run: "${CI_PIPELINE_NUMBER}-${CI_WORKFLOW_NUMBER}-${CI_STEP_NUMBER}",
		commit: "${CI_COMMIT_SHA}", branch: []string{"${CI_COMMIT_SOURCE_BRANCH}", "${CI_COMMIT_BRANCH}"},
		actor: []string{"${CI_COMMIT_AUTHOR}"}, url: "${CI_PIPELINE_URL}",
		whole: "`partial: false` and `depth: 0` for plugin-git under clone",
	},
	{ // Tekton sets none: .tekton/task.yaml does
		name: "tekton", is: set("TEKTON_PIPELINE_RUN"), run: "${TEKTON_PIPELINE_RUN}",
		commit: "${TEKTON_COMMIT}", branch: []string{"${TEKTON_BRANCH}"},
		actor: []string{"${TEKTON_ACTOR}"}, url: "${TEKTON_RUN_URL}",
		whole: "`depth: 0` for the task git-clone",
	},
	{ // https://learn.microsoft.com/azure/devops/pipelines/build/variables
		name: "azure", is: equals("TF_BUILD", "True"), run: "${BUILD_BUILDID}-${SYSTEM_JOBATTEMPT}",
		commit: "${BUILD_SOURCEVERSION}", branch: []string{"${SYSTEM_PULLREQUEST_SOURCEBRANCH}", "${BUILD_SOURCEBRANCH}"},
		actor: []string{"${BUILD_REQUESTEDFOR}"},
		url:   "${SYSTEM_COLLECTIONURI}${SYSTEM_TEAMPROJECT}/_build/results?buildId=${BUILD_BUILDID}",
		whole: "`fetchDepth: 0` for the step checkout",
	},
}
