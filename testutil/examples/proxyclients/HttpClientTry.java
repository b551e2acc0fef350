import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Java's newer client. */
class HttpClientTry {
    static final HttpClient client = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        show(HttpRequest.newBuilder(URI.create("https://api.example.test/httpclient")));
        show(HttpRequest.newBuilder(URI.create("https://api.example.test/httpclient"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"by\": \"httpclient\"}")));
        show(HttpRequest.newBuilder(URI.create("http://plain.example.test/httpclient")));
    }

    static void show(HttpRequest.Builder request) throws Exception {
        System.out.print(client.send(request.build(), BodyHandlers.ofString()).body());
    }
}
