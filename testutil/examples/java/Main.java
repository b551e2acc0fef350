import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;

/**
 * The notes API, tested against recordings:
 *
 * <pre>cannery run --offline --fixtures fixtures -- java java/Main.java</pre>
 */
public class Main {
    static final String PASSWORD = "correct horse battery staple";
    static final HttpClient HTTP = HttpClient.newHttpClient();

    /** A client of the API: the code under test. */
    static class Notes {
        final String url;
        String token = "";

        Notes(String url) {
            this.url = url;
        }

        String ask(String method, String path, String body) throws IOException, InterruptedException {
            var request = HttpRequest.newBuilder(URI.create(url + path))
                    .header("Content-Type", "application/json")
                    .method(method, HttpRequest.BodyPublishers.ofString(body));
            if (!token.isEmpty()) {
                request.header("Authorization", "Bearer " + token);
            }
            var answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
            }
            return answer.body();
        }

        void login(String user, String password) throws IOException, InterruptedException {
            token = field(ask("POST", "/v1/login", "{\"user\": \"%s\", \"password\": \"%s\"}".formatted(user, password)), "token");
        }

        String create(String text) throws IOException, InterruptedException {
            return field(ask("POST", "/v1/notes", "{\"text\": \"%s\"}".formatted(text)), "id");
        }

        String list() throws IOException, InterruptedException {
            return ask("GET", "/v1/notes", "").strip();
        }

        void await(String id) throws IOException, InterruptedException {
            while (!field(ask("GET", "/v1/notes/" + id, ""), "state").equals("ready")) {
            }
        }

        void delete(String id) throws IOException, InterruptedException {
            ask("DELETE", "/v1/notes/" + id, "");
        }

        static String field(String json, String name) {
            var found = Pattern.compile("\"" + name + "\":\\s*\"?([^\",}]+)").matcher(json);
            if (!found.find()) {
                throw new AssertionError("there is no " + name + " in " + json);
            }
            return found.group(1);
        }
    }

    interface Test {
        void run(Notes notes) throws Exception;
    }

    static void newNoteIsInTheList(Notes notes) throws Exception {
        equal("[]", notes.list());
        var id = notes.create("buy milk");
        equal(id, Notes.field(notes.list(), "id"));
    }

    static void noteBecomesReady(Notes notes) throws Exception {
        notes.await(notes.create("buy milk"));
    }

    static void deletedNoteIsGone(Notes notes) throws Exception {
        notes.delete(notes.create("buy milk"));
        equal("[]", notes.list());
    }

    static void equal(Object want, Object got) {
        if (!want.equals(got)) {
            throw new AssertionError("got " + got + ", want " + want);
        }
    }

    /** Runs all tests at once, each in a session of its own. */
    public static void main(String[] args) throws Exception {
        Map<String, Test> tests = new TreeMap<>();
        tests.put("newNoteIsInTheList", Main::newNoteIsInTheList);
        tests.put("noteBecomesReady", Main::noteBecomesReady);
        for (int i = 0; i < 10; i++) {
            tests.put("deletedNoteIsGone-" + i, Main::deletedNoteIsGone);
        }
        var pool = Executors.newFixedThreadPool(tests.size());
        var running = new ArrayList<Future<Void>>();
        for (var test : tests.entrySet()) {
            Callable<Void> run = () -> {
                var notes = new Notes(System.getenv("CANNERY_URL") + "/__cannery/session/" + test.getKey());
                notes.login("ada", PASSWORD);
                test.getValue().run(notes);
                System.out.println("ok " + test.getKey());
                return null;
            };
            running.add(pool.submit(run));
        }
        pool.shutdown();
        for (var test : running) {
            test.get();
        }
    }
}
