import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressFullMessagePolicy;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;

/**
 * A broker of AMQP 1.0 for the tests: java -cp 'jars/*' Broker.java PORT FOLDER ACCEPTOR-OPTIONS [USER PASSWORD]
 * Queues are made when they are used, but for addresses that begin with `missing.`; `full.` holds 20 kB and refuses more,
 * `stop.` holds as much and gives no credit then. With a user, nobody else may come; he may not send to `forbidden.`.
 */
public class Broker {
  public static void main(String[] args) throws Exception {
    String folder = args[1];
    var configuration = new ConfigurationImpl();
    configuration.setSecurityEnabled(args.length > 3).setPersistenceEnabled(true).setJournalDirectory(folder + "/journal")
        .setBindingsDirectory(folder + "/bindings").setLargeMessagesDirectory(folder + "/large").setPagingDirectory(folder + "/paging")
        .addAcceptorConfiguration("amqp", "tcp://127.0.0.1:" + args[0] + "?protocols=AMQP;" + args[2])
        .addAddressSetting("#", made())
        .addAddressSetting("missing.#", made().setAutoCreateQueues(false).setAutoCreateAddresses(false))
        .addAddressSetting("full.#", made().setMaxSizeBytes(20_000).setAddressFullMessagePolicy(AddressFullMessagePolicy.FAIL))
        .addAddressSetting("stop.#", made().setMaxSizeBytes(20_000).setAddressFullMessagePolicy(AddressFullMessagePolicy.BLOCK));
    var server = new EmbeddedActiveMQ().setConfiguration(configuration);
    if (args.length > 3) {
      configuration.putSecurityRoles("#", Set.of(role("all", true)));
      configuration.putSecurityRoles("forbidden.#", Set.of(role("all", false)));
      var users = new SecurityConfiguration();
      users.addUser(args[3], args[4]);
      users.addRole(args[3], "all");
      server.setSecurityManager(new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users));
    }
    server.start();
    Files.writeString(Path.of(folder, "ready"), "");
    Thread.currentThread().join();
  }

  private static AddressSettings made() {
    return new AddressSettings().setAutoCreateQueues(true).setAutoCreateAddresses(true).setAutoDeleteQueues(false)
        .setAutoDeleteAddresses(false).setDefaultAddressRoutingType(RoutingType.ANYCAST).setDefaultQueueRoutingType(RoutingType.ANYCAST);
  }

  private static Role role(String name, boolean send) {
    return new Role(name, send, true, true, false, true, false, false, true, true, false, false, false);
  }
}
