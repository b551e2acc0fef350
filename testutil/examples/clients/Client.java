import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;

/** A client of a plain API, with nothing but java.net.http. */
public class Client {
    static final String URL = System.getenv("CANNERY_URL");
    static final HttpClient HTTP = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();

    static HttpResponse<String> ask(int status, String method, String path, String body, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(URL + path)).method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        request.header("X-Request-Id", UUID.randomUUID().toString());
        if (headers.length > 0) {
            request.headers(headers);
        }
        var answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != status) {
            throw new AssertionError(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
        }
        return answer;
    }

    static void holds(String text, String part) {
        if (!text.contains(part)) {
            throw new AssertionError("there is no " + part + " in " + text);
        }
    }

    public static void main(String[] args) throws Exception {
        for (int page = 1; page <= 3; page++) {
            ask(200, "GET", "/notes?page=" + page, null);
        }
        holds(ask(200, "GET", "/notes/1", null).body(), "\"1\"");
        ask(304, "GET", "/notes/1", null, "If-None-Match", "\"1\"");
        ask(404, "GET", "/notes/404", null);
        holds(ask(201, "POST", "/notes", "{\"text\": \"buy milk\"}", "Content-Type", "application/json").body(), "milk");
        holds(ask(200, "PUT", "/notes/9", "{\"text\": \"buy oats\"}", "Content-Type", "application/json").body(), "oats");
        ask(204, "DELETE", "/notes/9", null);
        holds(ask(200, "GET", "/latest", null).uri().toString(), URL + "/notes/3");
        var boundary = UUID.randomUUID().toString();
        var part = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\nabc\r\n--" + boundary + "--\r\n";
        holds(ask(200, "POST", "/upload", part, "Content-Type", "multipart/form-data; boundary=" + boundary).body(), "a.bin");
    }
}
